"""Messages between a process and its sandbox: a head of JSON and a body of bytes, each after its length."""

import socket
import struct
from typing import Any

import orjson

_LENGTHS = struct.Struct("!II")


class Closed(Exception):
    """The other side is gone."""


def send(channel: socket.socket, head: dict[str, Any], body: bytes) -> None:
    """Send one message."""
    encoded = orjson.dumps(head)
    channel.sendall(b"".join((_LENGTHS.pack(len(encoded), len(body)), encoded, body)))


def receive(channel: socket.socket) -> tuple[dict[str, Any], bytes]:
    """Wait for one message. Raises Closed when none will come."""
    head, body = _LENGTHS.unpack(_exactly(channel, _LENGTHS.size))
    return orjson.loads(_exactly(channel, head)), _exactly(channel, body)


def _exactly(channel: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = channel.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise Closed
        parts += part
    return bytes(parts)
