"""The HTTP client: the one module that posts to webhooks, and the seam at which its transport can be replaced.

Requests and responses are httpx's; what moves them is aiohttp, because stock httpx costs time in the square of its open
connections. No cookie is kept (one receiver's would go to another), no redirect followed, no proxy taken from the
environment, no body decompressed (a small answer must not become a large one), and a body is read to its bound and cut
off there. Every failure comes back as a code that `services.dispatcher.core.classification` explains.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable

import aiohttp
import httpx
from aiohttp.connector import Connection
from httpx_aiohttp import AiohttpTransport

from services.dispatcher.core.exchange import (
    MAX_RESPONSE_BYTES,
    Answer,
    CannotSend,
    NetworkFailure,
    Request,
    Result,
)

#: Seconds to make a connection, and half the request's own timeout, at most; that one bounds the whole.
CONNECT_TIMEOUT_SECONDS = 5.0
#: Seconds an idle connection is kept for the next request.
KEEPALIVE_SECONDS = 15.0

#: The first class that fits anything in the chain of causes decides: subclasses stand before their bases, and what
#: says where it happened before what only says how.
_CODES: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "dns.failed"),
    (socket.gaierror, "dns.failed"),
    (aiohttp.ClientSSLError, "tls.failed"),
    (aiohttp.ServerFingerprintMismatch, "tls.failed"),
    (ssl.SSLError, "tls.failed"),
    (aiohttp.ConnectionTimeoutError, "connect.timeout"),
    (ConnectionRefusedError, "connect.refused"),
    (aiohttp.ClientConnectorError, "connect.failed"),
    (aiohttp.ServerTimeoutError, "read.timeout"),
    (TimeoutError, "read.timeout"),
    (aiohttp.ClientConnectionError, "connection.closed"),
    (aiohttp.ClientPayloadError, "connection.closed"),
    (aiohttp.ClientResponseError, "protocol.invalid"),
    (ConnectionError, "connection.closed"),
    (httpx.ConnectTimeout, "connect.timeout"),
    (httpx.PoolTimeout, "connect.timeout"),
    (httpx.TimeoutException, "read.timeout"),
    (httpx.ConnectError, "connect.failed"),
    (httpx.ProxyError, "connect.failed"),
    (httpx.NetworkError, "connection.closed"),
    (httpx.RemoteProtocolError, "protocol.invalid"),
)
_UNBUILDABLE = (
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
    httpx.InvalidURL,
    httpx.LocalProtocolError,
    httpx.UnsupportedProtocol,
)


class WebhookClient:
    """Posts requests. Make and use it on one event loop."""

    def __init__(self, transport: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._transport = transport()

    async def send(self, request: Request) -> Result:
        """Perform one request; never raises for what a receiver or a network does."""
        try:
            async with asyncio.timeout(request.timeout_seconds):
                return await self._exchange(request)
        except (
            TimeoutError,
            aiohttp.ClientError,
            httpx.HTTPError,
            httpx.InvalidURL,
            ValueError,
            OSError,
        ) as error:
            return result_of_failure(error)

    async def _exchange(self, request: Request) -> Answer:
        response = await self._transport.handle_async_request(
            httpx.Request(
                request.method,
                request.url,
                headers=[*request.headers, ("accept-encoding", "identity")],
                content=request.body,
                extensions={
                    "timeout": {
                        # Less than the whole, so that it is known which of both ran out.
                        "connect": min(CONNECT_TIMEOUT_SECONDS, request.timeout_seconds / 2),
                        "read": request.timeout_seconds,
                    }
                },
            )
        )
        try:
            body, truncated = bytearray(), False
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    truncated = True
                    break
        finally:
            await response.aclose()
        return Answer(
            response.status_code,
            response.headers.multi_items(),
            bytes(body[:MAX_RESPONSE_BYTES]),
            truncated,
        )

    async def close(self) -> None:
        await self._transport.aclose()


def result_of_failure(error: BaseException) -> Result:
    """The code for an exception of the HTTP, TLS, DNS and socket layers."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    # aiohttp's exception is the cause of httpx's and the more exact one; a refused connection is only told apart by
    # the operating system's error inside it.
    chain += [each.os_error for each in chain if isinstance(each, aiohttp.ClientConnectorError)]
    if any(isinstance(each, _UNBUILDABLE) for each in chain):
        return CannotSend("request.invalid")
    for kind, code in _CODES:
        if any(isinstance(each, kind) for each in chain):
            return NetworkFailure(code)
    return CannotSend("request.invalid") if isinstance(error, ValueError) else NetworkFailure("connect.failed")


class _WithoutReason(aiohttp.ClientResponse):
    """An answer without its reason phrase, which means nothing and of which the transport can only take UTF-8."""

    async def start(self, connection: Connection) -> "_WithoutReason":
        await super().start(connection)
        self.reason = ""
        return self


def aiohttp_transport(max_connections: int) -> AiohttpTransport:
    """A transport for ``max_connections`` at once, over any number of hosts. Call it on the event loop."""
    session = aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=KEEPALIVE_SECONDS),
        cookie_jar=aiohttp.DummyCookieJar(),
        response_class=_WithoutReason,
        trust_env=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
    )
    return AiohttpTransport(client=session)
