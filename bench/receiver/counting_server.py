"""Answers requests on many ports and writes down each one: as little work per request as HTTP allows.

One protocol object a connection, httptools to parse, uvloop to run. With bodies of 1 KB over kept connections a request
takes 7 µs of a core, 12 µs with TLS (two cores of a virtual Xeon, Python 3.11), so it stays out of the way of whatever
is measured against it. A healthy receiver answers 200 after a fixed delay, a hanging one never answers; both write the
request down before that.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import BinaryIO, cast

import httptools

from bench.receiver.core.arrivals import number_in, pack

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
#: Seconds for which arrivals are gathered before they are written to the file.
_FLUSH_SECONDS = 0.02
_BACKLOG = 1024


class ArrivalLog:
    """Gathers arrivals, and connections as a byte each, and appends them to two files now and then."""

    def __init__(self, arrivals: BinaryIO, connections: BinaryIO) -> None:
        self._arrivals = arrivals
        self._connections = connections
        self._gathered = bytearray()
        self._connected = 0

    def add(self, record: bytes) -> None:
        self._gathered += record

    def connected(self) -> None:
        self._connected += 1

    def flush(self) -> None:
        if self._connected:
            self._connections.write(b"." * self._connected)
            self._connected = 0
        if self._gathered:
            self._arrivals.write(self._gathered)
            self._gathered.clear()

    async def flush_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            self.flush()


class _Connection(asyncio.Protocol):
    """One connection; its ``on_`` methods are httptools' callbacks."""

    def __init__(self, port_index: int, log: ArrivalLog, answer_after: Callable[[Callable[[], None]], None]) -> None:
        self._port_index = port_index
        self._log = log
        self._answer_after = answer_after
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None
        self._webhook_id = b""
        self._body = b""
        self._began_ns = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)
        self._log.connected()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            if self._transport is not None:
                self._transport.close()

    def on_message_begin(self) -> None:
        self._began_ns = time.time_ns()
        self._webhook_id = b""
        self._body = b""

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == len(b"webhook-id") and name.lower() == b"webhook-id":
            self._webhook_id = value

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._log.add(pack(self._began_ns, number_in(self._body), self._port_index, self._webhook_id))
        keep_alive = self._parser.should_keep_alive()
        self._answer_after(lambda: self._answer(keep_alive))

    def _answer(self, keep_alive: bool) -> None:
        if self._transport is not None:
            self._transport.write(_ANSWER)
            if not keep_alive:
                self._transport.close()


async def listen(
    ports: int,
    log: ArrivalLog,
    *,
    delay_seconds: float,
    hangs: bool,
    tls: ssl.SSLContext | None,
) -> list[int]:
    """Listen on ``ports`` free ports of the loopback interface; their numbers, by index."""
    loop = asyncio.get_running_loop()

    def answer_after(answer: Callable[[], None]) -> None:
        if hangs:
            return
        if delay_seconds:
            loop.call_later(delay_seconds, answer)
        else:
            answer()

    numbers = []
    for index in range(ports):
        server = await loop.create_server(
            lambda index=index: _Connection(index, log, answer_after), "127.0.0.1", 0, ssl=tls, backlog=_BACKLOG
        )
        numbers.append(server.sockets[0].getsockname()[1])
    return numbers
