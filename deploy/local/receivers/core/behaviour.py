"""How a receiver answers, decided from the request alone, so that a run can be repeated exactly.

Pure. A receiver has one behaviour for its lifetime; a receiver is healed by starting a healthy one in its place.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from enum import StrEnum

#: Seconds a slow receiver takes: long enough that tens of requests are under way at once.
SLOW_SECONDS = 0.4
#: A flaky receiver fails the first 0, 1 or 2 requests of a message.
_MOST_FLAKY_FAILURES = 2


class Behaviour(StrEnum):
    """The four kinds of receivers that listen; a dead one is a port where nobody does."""

    HEALTHY = "healthy"
    SLOW = "slow"
    FLAKY = "flaky"
    REFUSING = "refusing"


@dataclass(frozen=True, slots=True)
class Reply:
    """``status`` to answer after ``delay_seconds``."""

    status: int
    delay_seconds: float = 0.0


def reply(behaviour: Behaviour, message_id: str, times_seen: int, path: str) -> Reply:
    """The answer to a request with webhook-id ``message_id`` that was seen ``times_seen`` times before.

    A refusing receiver answers with the status its path ends in (``/erp/422``), 500 where it ends in none.
    """
    match behaviour:
        case Behaviour.HEALTHY:
            return Reply(200)
        case Behaviour.SLOW:
            return Reply(200, SLOW_SECONDS)
        case Behaviour.FLAKY:
            return Reply(503 if times_seen < flaky_failures(message_id) else 200)
        case Behaviour.REFUSING:
            last = path.rpartition("/")[2]
            return Reply(int(last) if last.isdigit() else 500)


def flaky_failures(message_id: str) -> int:
    """How many requests of a message a flaky receiver fails before it answers 200."""
    return binascii.crc32(message_id.encode()) % (_MOST_FLAKY_FAILURES + 1)
