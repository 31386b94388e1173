"""A receiver's own record of what came: one JSON object a line, on disk before the answer goes out.

It is what deliveries are counted by, so it must not depend on anything that the fleet says.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.receivers.core.received_request import ReceivedRequest, decode_line


class RequestLog:
    """The file of one receiver, appended to; a context manager."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")

    def write(self, request: ReceivedRequest) -> None:
        """Returns when the operating system has it: it outlives this process."""
        self._file.write(request.encode())
        self._file.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def read_requests(path: Path) -> list[ReceivedRequest]:
    """Everything a receiver wrote down so far, oldest first; a line being written just now is left out."""
    lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    return [decode_line(line) for line in lines]
