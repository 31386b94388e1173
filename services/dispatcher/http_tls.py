"""TLS contexts: one for all who show no certificate of ours, and one for each certificate that is shown.

A context holds whom we trust and who we are, and a certificate can be put into one but not taken out again, so each
needs its own. Making one reads the system's authorities anew: it took 37 ms and 0.8 MiB here, with 144 of them. So
it is made when a connection first needs it, off the event loop, once however many wait, and the ``_KEPT`` used last are
kept. They are told apart by all of the certificate and its key, never by a name alone: another organization's
credential may have the same.

A private key goes to the TLS library through a pipe, because the library reads files only and a key must not become
one.
"""

import asyncio
import contextlib
import os
import ssl
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator

from services.dispatcher.core.exchange import ClientCertificate

#: Makes a context that says whom to trust; each call makes a new one.
Trust = Callable[[], ssl.SSLContext]
#: Contexts kept for client certificates: some 50 MiB.
_KEPT = 64


class UnusableCertificate(Exception):
    """Our certificate and its key cannot be read, or do not belong together."""


class TlsContexts:
    """Make and use it on one event loop."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._anonymous = trust()
        self._loop = asyncio.get_running_loop()
        self._made: OrderedDict[ClientCertificate, asyncio.Task[ssl.SSLContext]] = OrderedDict()

    async def context(self, certificate: ClientCertificate | None) -> ssl.SSLContext:
        """Raises UnusableCertificate, and OSError for what has nothing to do with the certificate."""
        if certificate is None:
            return self._anonymous
        making = self._made.get(certificate)
        if making is None:
            making = self._made[certificate] = self._loop.create_task(self._make(certificate))
            if len(self._made) > _KEPT:
                self._made.popitem(last=False)
        self._made.move_to_end(certificate)
        # One who gives up waiting does not end it for the others.
        return await asyncio.shield(making)

    async def _make(self, certificate: ClientCertificate) -> ssl.SSLContext:
        try:
            return await asyncio.to_thread(_with_certificate, self._trust, certificate)
        except BaseException:
            self._made.pop(certificate, None)
            raise


def _with_certificate(trust: Trust, certificate: ClientCertificate) -> ssl.SSLContext:
    context = trust()
    with _piped(certificate.certificate_pem) as chain, _piped(certificate.key_pem) as key:
        try:
            # With a password given, an encrypted key is an error; else the library would ask on the terminal.
            context.load_cert_chain(chain, key, password="")
        except (OSError, ValueError):
            # Which of them it is cannot be told: that a pipe has no positions hides the library's own reason.
            raise UnusableCertificate from None
    return context


@contextlib.contextmanager
def _piped(text: str) -> Iterator[str]:
    """A path from which ``text`` can be read once."""
    reading, writing = os.pipe()

    def write() -> None:
        # Nobody need read it to its end.
        with contextlib.suppress(BrokenPipeError), os.fdopen(writing, "w") as pipe:
            pipe.write(text)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        yield f"/dev/fd/{reading}"
    finally:
        os.close(reading)
        writer.join()
