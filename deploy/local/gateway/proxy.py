"""The reverse proxy: a request goes to one process of the service that its path belongs to, and its answer comes back.

A process that takes no connection is skipped for the next one; a request that was sent is never sent twice, because
only its sender knows whether that is harmless. Bodies are held whole, which a limit bounds, so that a request can still
go to another process after a refused connection; answers are passed on as they come.

The client is aiohttp itself and not its httpx transport, which reports a refused connection and one that broke after
the request was sent with the same exception.
"""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping, Sequence
from typing import Any

import aiohttp

from deploy.local.gateway import problems
from deploy.local.gateway.front_page import front_page
from deploy.local.gateway.problems import Answer
from deploy.local.gateway.routes import Upstream, upstream_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
RawHeader = tuple[bytes, bytes]

#: Largest request body passed on, in bytes: a little more than ingest itself takes, so that ingest says what is wrong.
MAX_BODY_BYTES = 9 * 1024 * 1024
#: Seconds for an upstream's answer; a configuration write may wait five for its place.
_TIMEOUT = aiohttp.ClientTimeout(total=30.0, sock_connect=2.0)
#: Seconds an idle connection is kept: less than the five after which uvicorn closes its end, so that no request is sent
#: into a connection that is just being closed.
_KEEPALIVE_SECONDS = 2.0
#: Headers about one connection (RFC 9110, section 7.6.1), which end at a proxy.
_HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization te trailer transfer-encoding upgrade".split()
)


class Gateway:
    """An ASGI application."""

    def __init__(self, upstreams: Mapping[Upstream, Sequence[str]]) -> None:
        """``upstreams``: addresses by service; requests take turns among a service's."""
        self._addresses = upstreams
        self._turn = itertools.count()
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS)
        async with aiohttp.ClientSession(
            connector=connector, timeout=_TIMEOUT, auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar()
        ) as self._session:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        match path:
            case "/":
                page = front_page().encode()
                await _send(send, Answer(200, [(b"content-type", b"text/html; charset=utf-8")], page))
                return
            case "/healthz" | "/readyz":
                body = b'{"status":"ok"}'
                await _send(send, Answer(200, [(b"content-type", b"application/json")], body))
                return
        upstream = upstream_of(path)
        if upstream is None:
            await _send(send, problems.nothing_here(path))
            return
        body_read = await _whole_body(receive)
        if body_read is None:
            await _send(send, problems.too_large(MAX_BODY_BYTES))
            return
        await self._pass_on(upstream, scope, body_read, send)

    async def _pass_on(self, upstream: Upstream, scope: Scope, body: bytes, send: Send) -> None:
        if self._session is None:
            raise RuntimeError("the server must run the lifespan protocol")
        addresses = self._addresses[upstream]
        first = next(self._turn)
        for number in range(len(addresses)):
            address = addresses[(first + number) % len(addresses)]
            try:
                response = await self._session.request(
                    scope["method"],
                    _url(address, scope),
                    headers=[
                        (name.decode("latin-1"), value.decode("latin-1"))
                        for name, value in _end_to_end(scope["headers"])
                    ],
                    data=body or None,
                    allow_redirects=False,
                )
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                continue
            except (aiohttp.ClientError, TimeoutError):
                await _send(send, problems.lost(upstream))
                return
            await _send_on(send, response)
            return
        await _send(send, problems.away(upstream))


def _url(address: str, scope: Scope) -> str:
    raw_path: bytes = scope["raw_path"]
    query: bytes = scope["query_string"]
    return address + (raw_path + (b"?" + query if query else b"")).decode("ascii")


def _end_to_end(headers: Iterable[RawHeader]) -> list[RawHeader]:
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP]


async def _whole_body(receive: Receive) -> bytes | None:
    """The request's body; None when it is larger than allowed."""
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > MAX_BODY_BYTES:
            return None
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)


async def _send(send: Send, answer: Answer) -> None:
    length = (b"content-length", str(len(answer.body)).encode())
    await send({"type": "http.response.start", "status": answer.status, "headers": [*answer.headers, length]})
    await send({"type": "http.response.body", "body": answer.body})


async def _send_on(send: Send, response: aiohttp.ClientResponse) -> None:
    headers = _end_to_end(response.raw_headers)
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    async with response:
        async for part in response.content.iter_any():
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
