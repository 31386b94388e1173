"""One request as a receiver saw it: a line of its log, and what deliveries are counted by."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson


@dataclass(frozen=True, slots=True)
class ReceivedRequest:
    """Times are milliseconds since 1970; ``status`` is what was answered, 401 to a bad signature, 0 where no
    whole answer came; then ``answered_ms`` is when that was decided."""

    received_ms: int
    answered_ms: int
    webhook_id: str
    path: str
    status: int

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    def encode(self) -> bytes:
        """One line of JSON, with its end."""
        return orjson.dumps(asdict(self)) + b"\n"


def decode_line(line: bytes) -> ReceivedRequest:
    """The inverse of `ReceivedRequest.encode`."""
    return ReceivedRequest(**orjson.loads(line))
