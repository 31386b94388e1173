"""HTTP at its barest: a kept connection, a request made of bytes, the status of its answer.

What the floor posts with, because nothing on asyncio and httptools can do less, and what the paced sender sends events
with, so that it takes little of the machine it measures. One request at a time on a connection, as HTTP/1.1 is used in
the field.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import cast

import httptools


class BareConnection(asyncio.Protocol):
    """One connection; its ``on_`` methods are httptools' callbacks."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answered: asyncio.Future[int] | None = None

    @classmethod
    async def open(cls, port: int, tls: ssl.SSLContext | None = None) -> BareConnection:
        """Connect to a port of the loopback interface. Raises OSError, ssl.SSLError."""
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(
            cls, "127.0.0.1", port, ssl=tls, server_hostname="127.0.0.1" if tls else None
        )
        return connection

    @property
    def is_open(self) -> bool:
        """Whether the other side has kept it, as far as is known."""
        return self._transport is not None

    async def post(self, request: bytes) -> int:
        """The answer's status, once the answer is whole. Raises ConnectionError when the other side closes."""
        if self._transport is None:
            raise ConnectionError("the connection is closed")
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answered

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are none of asyncio's classes.
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error or ConnectionError("closed before the answer"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_result(self._parser.get_status_code())
        # A parser of answers to requests it has not seen takes what follows for the same message.
        self._parser = httptools.HttpResponseParser(self)


def post_bytes(port: int, path: str, headers: list[tuple[str, str]], body: bytes) -> bytes:
    """A POST as it stands on the wire."""
    lines = [f"POST {path} HTTP/1.1", f"host: 127.0.0.1:{port}", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, f"content-length: {len(body)}", "", ""]).encode() + body
