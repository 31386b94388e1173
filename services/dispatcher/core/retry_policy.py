"""When a failed attempt is tried again.

The schedule is a list of waits; its length is the number of retries. A receiver that says when to come back is heard:
the run waits the longer of schedule and Retry-After, one hour at most. Both still use up an attempt.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime

#: The longest wait that a receiver's Retry-After can impose.
MAX_RETRY_AFTER_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Try again at this time, in milliseconds since 1970."""

    due_ms: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The schedule is used up."""


def next_try(
    attempt: int, delays_seconds: Sequence[float], ended_ms: int, retry_after_ms: int | None
) -> RetryAt | GiveUp:
    """What follows failed attempt number ``attempt`` (from 1) that ended at ``ended_ms``."""
    if attempt > len(delays_seconds):
        return GiveUp()
    wait_ms = round(delays_seconds[attempt - 1] * 1000)
    if retry_after_ms is not None:
        wait_ms = max(wait_ms, min(retry_after_ms, MAX_RETRY_AFTER_MS))
    return RetryAt(ended_ms + wait_ms)


def parse_retry_after(value: str | None, now_ms: int) -> int | None:
    """Milliseconds from now that a Retry-After header asks for, as seconds or as an HTTP date; None when it is absent
    or unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:12]) * 1000, MAX_RETRY_AFTER_MS)
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0, round(when.timestamp() * 1000) - now_ms)
