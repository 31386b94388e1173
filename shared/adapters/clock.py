"""The one place that reads the wall clock. Core code takes the time as an argument."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

#: Milliseconds since 1970.
Clock = Callable[[], int]


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def rfc3339(ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339 in UTC, such as 2030-01-31T12:00:00.250Z."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
