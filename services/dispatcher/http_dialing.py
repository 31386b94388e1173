"""Makes connections: has a name looked up, then tries its addresses in turn.

The two are steps of their own, so that it is known which one failed, and so that what lies between them, the address,
can be judged before anything is sent to it. TLS checks the certificate against the URL's host whatever the address.

Addresses share the time there is evenly, so one that swallows packets leaves time for the next.
"""

import asyncio
import ssl
from collections.abc import Callable

from services.dispatcher.http_connection import Connection
from services.dispatcher.http_lookup import LookUp, Lookups
from services.dispatcher.http_request import Origin

#: Seconds to make a connection, and half the request's own timeout, at most; that one bounds the whole.
CONNECT_TIMEOUT_SECONDS = 5.0


class NotConnected(Exception):
    """``code`` is one that `services.dispatcher.core.classification` explains."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Dialer:
    """Make and use it on one event loop."""

    def __init__(self, tls: ssl.SSLContext, look_up: LookUp, forget: Callable[[Connection], None]) -> None:
        """``forget`` is for each `Connection`."""
        self._tls = tls
        self._lookups = Lookups(look_up)
        self._forget = forget
        self._loop = asyncio.get_running_loop()

    async def dial(self, origin: Origin, timeout_seconds: float) -> Connection:
        """Connect to ``origin`` for a request that may take ``timeout_seconds`` in all. Raises NotConnected."""
        until = self._loop.time() + min(CONNECT_TIMEOUT_SECONDS, timeout_seconds / 2)
        try:
            async with asyncio.timeout_at(until):
                addresses = await self._lookups.addresses(origin.host)
        except (OSError, UnicodeError):  # a timeout is an OSError
            raise NotConnected("dns.failed") from None
        code = "dns.failed"
        for tried, address in enumerate(addresses):
            share = (until - self._loop.time()) / (len(addresses) - tried)
            try:
                async with asyncio.timeout(share):
                    return await self._connect(origin, address)
            except OSError as error:
                code = code_of_connecting(error, tls=origin.tls)
        raise NotConnected(code)

    async def _connect(self, origin: Origin, address: str) -> Connection:
        _, connection = await self._loop.create_connection(
            lambda: Connection(origin, self._forget),
            address,
            origin.port,
            ssl=self._tls if origin.tls else None,
            server_hostname=origin.host.removesuffix(".") if origin.tls else None,
        )
        return connection


def code_of_connecting(error: OSError, *, tls: bool) -> str:
    """The code for what went wrong between an address and a connection ready for use."""
    match error:
        case ssl.SSLError():
            return "tls.failed"
        case TimeoutError():
            return "connect.timeout"
        case ConnectionRefusedError():
            return "connect.refused"
        case ConnectionError() if tls:
            return "tls.failed"  # a plain connection is refused or made; only a handshake is broken off
        case _:
            return "connect.failed"
