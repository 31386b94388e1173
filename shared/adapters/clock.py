"""The one place that reads the wall clock. Core code takes the time as an argument."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

#: Milliseconds since 1970.
Clock = Callable[[], int]


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def rfc3339(ms: int) -> str:
    """Milliseconds since 1970 as RFC 3339 in UTC, such as 2030-01-31T12:00:00.250Z."""
    return f"{_second(ms // 1000)}.{ms % 1000:03d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    """Thousands of times are written in one second, and only their milliseconds differ."""
    return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()
