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
    """The kinds of receivers that listen; a dead one is a port where nobody does.

    A flaky one fails the first requests of a message, a moody one all requests of some messages; the last three never
    give a whole answer.
    """

    HEALTHY = "healthy"
    SLOW = "slow"
    FLAKY = "flaky"
    MOODY = "moody"
    REFUSING = "refusing"
    HANGING = "hanging"
    CLOSING = "closing"
    ENDLESS = "endless"


class Answer(StrEnum):
    """How much of an answer is sent: all of it, none until the client gives up, a part before the connection is closed,
    or a body without an end."""

    WHOLE = "whole"
    NONE = "none"
    PART = "part"
    ENDLESS = "endless"


@dataclass(frozen=True, slots=True)
class Reply:
    """``status`` to answer after ``delay_seconds``."""

    status: int
    delay_seconds: float = 0.0
    answer: Answer = Answer.WHOLE

    @property
    def logged_status(self) -> int:
        """0 where nobody can have taken it for an answer."""
        return self.status if self.answer in (Answer.WHOLE, Answer.ENDLESS) else 0


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
        case Behaviour.MOODY:
            return Reply(500 if is_disliked(message_id) else 200)
        case Behaviour.REFUSING:
            last = path.rpartition("/")[2]
            return Reply(int(last) if last.isdigit() else 500)
        case Behaviour.HANGING:
            return Reply(200, answer=Answer.NONE)
        case Behaviour.CLOSING:
            return Reply(200, answer=Answer.PART)
        case Behaviour.ENDLESS:
            return Reply(200, answer=Answer.ENDLESS)


def flaky_failures(message_id: str) -> int:
    """How many requests of a message a flaky receiver fails before it answers 200."""
    return binascii.crc32(message_id.encode()) % (_MOST_FLAKY_FAILURES + 1)


def is_disliked(message_id: str) -> bool:
    """Whether a moody receiver fails every request of a message: every other one is, on average."""
    return binascii.crc32(message_id.encode()) % 2 == 0
