"""When a broker counts as started: when it answers.

An open port is not enough, for the broker binds long before it serves. The question is one ApiVersions
request (the first thing every client sends), written by hand: sixteen bytes of a frozen format are less
than a client library with its own ideas about retries, and the launcher stays free of foreign code.
Format: "ApiVersions Request (Version: 0)" in the Kafka protocol guide.
"""

from __future__ import annotations

import socket
import struct

_API_VERSIONS, _VERSION, _CORRELATION, _NO_CLIENT_ID = 18, 0, 7, -1
_REQUEST = struct.pack(">hhih", _API_VERSIONS, _VERSION, _CORRELATION, _NO_CLIENT_ID)
_ANSWER_HEAD = struct.Struct(">iih")
"""Length, correlation id and error code."""


def answers(port: int, timeout: float) -> bool:
    """Whether the broker on this loopback port answers an ApiVersions request within `timeout` seconds."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=timeout) as connection:
            connection.sendall(struct.pack(">i", len(_REQUEST)) + _REQUEST)
            head = connection.makefile("rb").read(_ANSWER_HEAD.size)
    except OSError:
        return False
    if len(head) < _ANSWER_HEAD.size:
        return False
    _length, correlation, error = _ANSWER_HEAD.unpack(head)
    return bool(correlation == _CORRELATION and error == 0)
