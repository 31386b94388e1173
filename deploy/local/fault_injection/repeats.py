"""Which runs were sent more often than they were attempted, and how often the history of the send group explains it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.local.demo.core.evidence import Evidence
from deploy.local.fault_injection.core.duplicate_bound import Copy, allowed_requests, extra_requests
from deploy.local.fault_injection.core.offset_commits import TOPIC, commits_of
from deploy.local.fault_injection.whole_topics import read_whole
from shared.adapters.settings import ServiceSettings
from shared.core.messages.delivery import DELIVERY_HEADER, DeliveryRequest
from shared.core.records import Record

#: Name of the consumer group that sends, after the fleet's prefix.
SEND_GROUP = "hookfleet-send"


@dataclass(frozen=True, slots=True)
class Repeats:
    """Requests by run: how many there are beyond one per attempt, and how many of them there may be."""

    found: Counter[str]
    allowed: Counter[str]
    rebalances: int

    @property
    def unexplained(self) -> Counter[str]:
        return self.found - self.allowed


def find_repeats(settings: ServiceSettings, evidence: Evidence, rebalances_ms: Sequence[int]) -> Repeats:
    """Read what the send group was asked for and what it committed. Call it when no worker runs any more."""
    topics = settings.topics()
    asked = read_whole(settings, topics.deliveries.name, topics.deliveries_due.name)
    commits = commits_of(f"{settings.topic_prefix}{SEND_GROUP}", read_whole(settings, TOPIC))
    return Repeats(
        found=extra_requests(evidence.received, evidence.attempts),
        allowed=allowed_requests(rebalances_ms, map(_copy, asked), commits, evidence.received),
        rebalances=len(rebalances_ms),
    )


def _copy(record: Record) -> Copy:
    request = DeliveryRequest.model_validate_json(record.headers[DELIVERY_HEADER])
    place = (record.topic, record.partition)
    return Copy(request.run_id, request.next_attempt, place, record.offset, record.timestamp_ms)
