"""Receivers on loopback that do whatever a test says, byte by byte, and requests to them."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from ipaddress import ip_network
from typing import Any

import httpx
import uvloop

from services.dispatcher.core.address_guard import AddressGuard
from services.dispatcher.core.exchange import Request
from services.dispatcher.http_client import WebhookClient
from services.dispatcher.http_lookup import LookUp, look_up_by_system
from services.dispatcher.http_over_httpx import HttpxClient
from services.dispatcher.http_proxy import Proxy
from services.dispatcher.http_tls import Trust

Script = Callable[[asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def run(test: Coroutine[Any, Any, None]) -> None:
    """Run a test on an event loop of its own, of the kind that a dispatcher runs on, twenty seconds at most."""
    uvloop.run(asyncio.wait_for(test, timeout=20))


class Receiver:
    """Reads requests and answers each with ``script``; counts connections and keeps what it read."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.connections = 0
        self.requests: list[bytes] = []
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def open(self) -> int:
        """Connections that nobody has closed."""
        return len(self._writers)

    def drop_all(self) -> None:
        """Close every connection."""
        for writer in self._writers:
            writer.close()

    async def write_to_all(self, raw: bytes) -> None:
        """Write to every connection, asked or not."""
        for writer in self._writers:
            writer.write(raw)
            await writer.drain()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
                )
                self.requests.append(head + await reader.readexactly(length))
                await self._script(writer)
                if writer.is_closing():
                    break
        self._writers.discard(writer)
        writer.close()


@contextlib.asynccontextmanager
async def receiver(
    script: Script, tls: ssl.SSLContext | None = None, address: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Receiver]:
    made = Receiver(script)
    server = await asyncio.start_server(made.serve, address, port, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


@contextlib.asynccontextmanager
async def client_over_httpx() -> AsyncIterator[HttpxClient]:
    """Through a transport that is not ours: httpx's own."""
    made = HttpxClient(httpx.AsyncHTTPTransport(trust_env=False))
    try:
        yield made
    finally:
        await made.close()


@contextlib.asynccontextmanager
async def client(
    trust: Trust = ssl.create_default_context,
    look_up: LookUp = look_up_by_system,
    allowed: str = "127.0.0.0/8",
    proxy: Proxy | None = None,
) -> AsyncIterator[WebhookClient]:
    """``allowed`` is the one network that may be called although it is not public."""
    made = WebhookClient(20, AddressGuard((ip_network(allowed),)), trust, look_up, proxy)
    try:
        yield made
    finally:
        await made.close()


def request(
    port: int, *, timeout_seconds: float = 5.0, scheme: str = "http", host: str = "127.0.0.1", body: bytes = b'{"a":1}'
) -> Request:
    return Request(f"{scheme}://{host}:{port}/hooks?a=b", [("x-a", "b")], body, timeout_seconds)


def answers(raw: bytes, *, close: bool = False) -> Script:
    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        if close:
            writer.close()

    return script


async def hang(writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


def repeated(head: bytes, part: bytes, pause_seconds: float = 0.0) -> Script:
    """``head``, then ``part`` for ever."""

    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause_seconds)

    return script
