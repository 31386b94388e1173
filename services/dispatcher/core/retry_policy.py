"""When a failed attempt is tried again.

The schedule is a list of waits; its length is the number of retries. A receiver that says when to come back is heard:
the run waits the longer of schedule and Retry-After, one hour at most. Both still use up an attempt.

A run has a deadline, its schedule and one hour more, so that a receiver that always asks to wait cannot keep it for
ever and a dead one still counts towards disabling. Only waits that the receiver caused count against it: the time of
its attempts and what lay between them by schedule or by its own wish. Our own downtime never fails a run.
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


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The next attempt would come after the run's deadline."""


#: What follows a failed attempt.
Next = RetryAt | GiveUp | TimeUp

#: A run's deadline is its schedule and this much more, in milliseconds.
DEADLINE_SLACK_MS = 3_600_000


def next_try(
    attempt: int,
    delays_seconds: Sequence[float],
    ended_ms: int,
    retry_after_ms: int | None,
    *,
    stretch: float = 1.0,
    waited_ms: int = 0,
) -> Next:
    """What follows failed attempt number ``attempt`` (from 1) that ended at ``ended_ms``.

    ``stretch`` (1 or more) lengthens the schedule's wait, so that runs which failed together do not come back together.
    ``waited_ms`` is what the receiver has cost this run so far, this attempt included.
    """
    if attempt > len(delays_seconds):
        return GiveUp()
    wait_ms = round(delays_seconds[attempt - 1] * 1000 * stretch)
    if retry_after_ms is not None:
        wait_ms = max(wait_ms, min(retry_after_ms, MAX_RETRY_AFTER_MS))
    if waited_ms + wait_ms > deadline_ms(delays_seconds, stretch):
        return TimeUp()
    return RetryAt(ended_ms + wait_ms)


def deadline_ms(delays_seconds: Sequence[float], stretch: float = 1.0) -> int:
    """How long a run may take, in milliseconds, counting only what its receiver causes."""
    return round(sum(delays_seconds) * 1000 * stretch) + DEADLINE_SLACK_MS


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
    except (ValueError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0, round(when.timestamp() * 1000) - now_ms)
