"""Makes connections: has a name looked up, its addresses judged, and tries those that may be called in turn.

Each is a step of its own, so that it is known which one failed. A connection is made to an address that was judged and
to nothing else: the name is not asked for again, so an answer that changes in between changes nothing. TLS checks the
certificate against the URL's host whatever the address.

Addresses share the time there is evenly, so one that swallows packets leaves time for the next.
"""

import asyncio
import ssl
from collections.abc import Callable

from services.dispatcher.core.address_guard import AddressGuard, literal_address, literal_or_localhost
from services.dispatcher.http_connection import Connection
from services.dispatcher.http_failures import code_of_tls, detail_of_tls
from services.dispatcher.http_lookup import LookUp, Lookups
from services.dispatcher.http_proxy import NoTunnel, Proxy, connect_through
from services.dispatcher.http_request import Origin
from services.dispatcher.http_tls import TlsContexts, Trust, UnusableCertificate

#: Seconds to make a connection, and half the request's own timeout, at most; that one bounds the whole.
CONNECT_TIMEOUT_SECONDS = 5.0


class NotConnected(Exception):
    """``code`` and ``detail`` are those of `services.dispatcher.core.exchange.NetworkFailure`."""

    def __init__(self, code: str, detail: str | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class Dialer:
    """Make and use it on one event loop."""

    def __init__(
        self,
        trust: Trust,
        look_up: LookUp,
        guard: AddressGuard,
        proxy: Proxy | None,
        forget: Callable[[Connection], None],
    ) -> None:
        """With a ``proxy``, names are for that one to look up. ``forget`` is for each `Connection`."""
        self._proxy = proxy
        self._tls = TlsContexts(trust)
        self._guard = guard
        self._lookups = Lookups(look_up)
        self._forget = forget
        self._loop = asyncio.get_running_loop()

    async def dial(self, origin: Origin, timeout_seconds: float) -> Connection:
        """Connect to ``origin`` for a request that may take ``timeout_seconds`` in all.

        Raises NotConnected, and AddressRefused when nothing may be sent there.
        """
        until = self._loop.time() + min(CONNECT_TIMEOUT_SECONDS, timeout_seconds / 2)
        if self._proxy is not None:
            return await self._dial_through(self._proxy, origin, until)
        addresses = await self._addresses(origin.host, until)
        tls = await self._context(origin, until) if origin.tls else None
        failure = NotConnected("dns.failed")
        for tried, address in enumerate(addresses):
            share = (until - self._loop.time()) / (len(addresses) - tried)
            try:
                async with asyncio.timeout(share):
                    return await self._connect(origin, address, tls)
            except OSError as error:
                failure = _failure_of(error, origin)
        raise failure

    async def _dial_through(self, proxy: Proxy, origin: Origin, until: float) -> Connection:
        literal = literal_or_localhost(origin.host)
        if literal is not None:
            self._guard.permitted(origin.host, [literal])
        tls = await self._context(origin, until) if origin.tls else None
        try:
            return await connect_through(proxy, origin, tls, until, lambda: Connection(origin, self._forget))
        except NoTunnel as failure:
            raise NotConnected(failure.code, failure.detail) from None
        except OSError as error:
            raise _failure_of(error, origin) from None

    async def _addresses(self, host: str, until: float) -> list[str]:
        literal = literal_address(host)
        if literal is not None:
            return self._guard.permitted(host, [literal])
        try:
            async with asyncio.timeout_at(until):
                found = await self._lookups.addresses(host)
        except (OSError, UnicodeError):  # a timeout is an OSError
            raise NotConnected("dns.failed") from None
        return self._guard.permitted(host, found)

    async def _context(self, origin: Origin, until: float) -> ssl.SSLContext:
        try:
            async with asyncio.timeout_at(until):
                return await self._tls.context(origin.certificate)
        except UnusableCertificate:
            detail = "our certificate and its key cannot be read, or do not belong together"
            raise NotConnected("tls.client-certificate", detail) from None
        except OSError as error:
            raise NotConnected(code_of_connecting(error, tls=True)) from None

    async def _connect(self, origin: Origin, address: str, tls: ssl.SSLContext | None) -> Connection:
        _, connection = await self._loop.create_connection(
            lambda: Connection(origin, self._forget),
            address,
            origin.port,
            ssl=tls,
            server_hostname=origin.host.removesuffix(".") if origin.tls else None,
        )
        return connection


def _failure_of(error: OSError, origin: Origin) -> NotConnected:
    detail = detail_of_tls(error) if isinstance(error, ssl.SSLError) else None
    return NotConnected(code_of_connecting(error, tls=origin.tls), detail)


def code_of_connecting(error: OSError, *, tls: bool) -> str:
    """The code for what went wrong between an address and a connection ready for use."""
    match error:
        case ssl.SSLError():
            return code_of_tls(error)
        case TimeoutError():
            return "connect.timeout"
        case ConnectionRefusedError():
            return "connect.refused"
        case ConnectionError() if tls:
            return "tls.failed"  # a plain connection is refused or made; only a handshake is broken off
        case _:
            return "connect.failed"
