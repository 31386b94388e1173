"""How many requests were sent more than once, and how many the crashes allow.

At least once, close to once: a request that a killed worker had under way is sent again, because nobody can know
whether its receiver acted on it; so is one that was finished and whose offset was not committed yet. Everything beyond
these is a fault. Both numbers come from the receivers' logs, the gauge of the killed worker and nothing else of ours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from deploy.local.demo.core.evidence import Kill, RecordedAttempt
from deploy.local.receivers.core.received_request import ReceivedRequest

#: Milliseconds of finished work that a crash may repeat: a worker commits every 100 ms, looks whether to do so every
#: 50 ms, and we allow the commit 100 ms to reach the broker on a busy machine.
UNCOMMITTED_MS = 250
#: Milliseconds that a request sent just before the kill may take to be noticed by a busy receiver.
ARRIVAL_MS = 250


@dataclass(frozen=True, slots=True)
class Bound:
    """How many duplicates the kills explain at most, by term."""

    in_flight: int
    begun_since_asked: int
    uncommitted: int

    @property
    def total(self) -> int:
        return self.in_flight + self.begun_since_asked + self.uncommitted


def duplicates(received: Iterable[ReceivedRequest], attempts: Iterable[RecordedAttempt]) -> int:
    """Requests beyond one per (run, attempt number).

    A request does not carry its attempt's number, so per run: requests at its receiver less distinct attempts in the
    run log. Attempts that reached no receiver (nothing listened) leave the difference negative, which is none.
    """
    requests = Counter(each.webhook_id for each in received)
    recorded = Counter(attempt.run_id for attempt in frozenset(attempts))
    return sum(max(0, number - recorded[run]) for run, number in requests.items())


def bound(kills: Iterable[Kill], received: Iterable[ReceivedRequest]) -> Bound:
    """What the kills explain, at most: requests of other workers in the same moments are counted too."""
    requests = tuple(received)
    in_flight = begun = uncommitted = 0
    for kill in kills:
        in_flight += kill.in_flight
        begun += sum(kill.asked_ms < each.received_ms <= kill.gone_ms + ARRIVAL_MS for each in requests)
        uncommitted += sum(
            kill.asked_ms - UNCOMMITTED_MS <= each.answered_ms <= kill.gone_ms and each.received_ms <= kill.asked_ms
            for each in requests
        )
    return Bound(in_flight, begun, uncommitted)
