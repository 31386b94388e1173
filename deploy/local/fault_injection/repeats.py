"""Which runs were sent more often than they were attempted, and how often the history of the send group explains it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from deploy.local.demo.core.evidence import Evidence
from deploy.local.fault_injection.core.duplicate_bound import Copy, allowed_requests, extra_requests
from deploy.local.fault_injection.core.offset_commits import TOPIC, commits_of
from deploy.local.fault_injection.whole_topics import read_whole
from shared.adapters.settings import ServiceSettings
from shared.core.messages.delivery import DELIVERY_HEADER, DeliveryRequest
from shared.core.records import Record

#: Names of the consumer groups that send, after the fleet's prefix.
_SEND_GROUP = "hookfleet-send"
_ORDERED_GROUP = "hookfleet-ordered"


@dataclass(frozen=True, slots=True)
class Repeats:
    """Requests by run: how many there are beyond one per attempt, and how many of them there may be."""

    found: Counter[str]
    allowed: Counter[str]
    rebalances: int

    @property
    def unexplained(self) -> Counter[str]:
        return self.found - self.allowed


def find_repeats(
    settings: ServiceSettings, evidence: Evidence, rebalances_ms: Callable[[str], Sequence[int]]
) -> Repeats:
    """Read what the sending groups were asked for and what they committed. Call it when no worker runs any more.

    ``rebalances_ms`` is when each rebalance of a group was over. A run that keeps order has one record for all its
    attempts, and is open from the first to the end of the last.
    """
    topics = settings.topics()
    history = read_whole(settings, TOPIC)
    allowed: Counter[str] = Counter()
    rebalances = 0
    for name, asked in (
        (_SEND_GROUP, (topics.deliveries, topics.deliveries_due)),
        (_ORDERED_GROUP, (topics.deliveries_ordered,)),
    ):
        group = f"{settings.topic_prefix}{name}"
        copies = map(_copy, read_whole(settings, *(topic.name for topic in asked)))
        times = rebalances_ms(group)
        allowed += allowed_requests(times, copies, commits_of(group, history), evidence.received)
        rebalances += len(times)
    return Repeats(
        found=extra_requests(evidence.received, evidence.attempts),
        allowed=allowed,
        rebalances=rebalances,
    )


def _copy(record: Record) -> Copy:
    request = DeliveryRequest.model_validate_json(record.headers[DELIVERY_HEADER])
    place = (record.topic, record.partition)
    return Copy(request.run_id, request.step, place, record.offset, record.timestamp_ms)
