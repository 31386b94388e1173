"""The seam: posts through any transport of httpx, as the fleet's own client does through its connections.

A transport is what httpx calls the part below its client: no redirects, cookies, proxies or decoding. Building httpx's
request and response for each delivery costs more than our whole client, so this is not what a dispatcher runs on; it
is how another transport is measured and tested beside it, and what it would take to go over to one. Two things it does
not do: a transport looks names up for itself, so no address is judged, and it shows the certificate it was made with.
"""

import asyncio
import socket
import ssl

import httpx

from services.dispatcher.core.exchange import (
    MAX_RESPONSE_BYTES,
    Answer,
    CannotSend,
    NetworkFailure,
    Request,
    Result,
)
from services.dispatcher.http_dialing import CONNECT_TIMEOUT_SECONDS
from services.dispatcher.http_failures import code_of_tls, detail_of_tls
from services.dispatcher.http_request import target_of

#: The first class that fits anything in the chain of causes decides: subclasses stand before their bases, and what
#: says where it happened before what only says how.
_CODES: tuple[tuple[type[BaseException], str], ...] = (
    (socket.gaierror, "dns.failed"),
    (httpx.ConnectTimeout, "connect.timeout"),
    (httpx.PoolTimeout, "connect.timeout"),
    (ConnectionRefusedError, "connect.refused"),
    (httpx.TimeoutException, "read.timeout"),
    (httpx.ConnectError, "connect.failed"),
    (httpx.ProxyError, "connect.failed"),
    (TimeoutError, "read.timeout"),
    (httpx.NetworkError, "connection.closed"),
    (httpx.RemoteProtocolError, "protocol.invalid"),
    (ConnectionError, "connection.closed"),
)
_UNBUILDABLE = (httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol)


class HttpxClient:
    """Posts requests through ``transport``."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: Request) -> Result:
        """Perform one request; never raises for what a receiver or a network does."""
        try:
            target_of(request.url)
            async with asyncio.timeout(request.timeout_seconds):
                return await self._exchange(request)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:  # a timeout is an OSError
            return result_of_failure(error)

    async def _exchange(self, request: Request) -> Answer:
        # Less than the whole, so that it is known which of both ran out.
        connect_seconds = min(CONNECT_TIMEOUT_SECONDS, request.timeout_seconds / 2)
        response = await self._transport.handle_async_request(
            httpx.Request(
                request.method,
                request.url,
                headers=list(request.headers),
                content=request.body,
                extensions={"timeout": {"connect": connect_seconds, "read": request.timeout_seconds}},
            )
        )
        body, truncated = bytearray(), False
        try:
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    truncated = True
                    break
        finally:
            await response.aclose()
        return Answer(response.status_code, response.headers.multi_items(), bytes(body[:MAX_RESPONSE_BYTES]), truncated)

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


def result_of_failure(error: BaseException) -> Result:
    """What an exception of the HTTP, TLS, DNS and socket layers comes to."""
    chain = [error]
    # httpcore raises its errors "from None", so the operating system's is only their context.
    while (cause := chain[-1].__cause__ or chain[-1].__context__) is not None:
        chain.append(cause)
    if any(isinstance(each, _UNBUILDABLE) for each in chain):
        return CannotSend("request.invalid")
    for each in chain:
        if isinstance(each, ssl.SSLError):
            return NetworkFailure(code_of_tls(each), detail_of_tls(each))
    for kind, code in _CODES:
        if any(isinstance(each, kind) for each in chain):
            return NetworkFailure(code)
    return CannotSend("request.invalid") if isinstance(error, ValueError) else NetworkFailure("connect.failed")
