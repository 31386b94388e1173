"""Every record that a fleet produces for one integration, by Kafka's own timestamps, read when it is over.

What the matcher writes for a run, its delivery request and its event's match record, is what it would write were
nothing limited. It is kept apart from what making runs wait costs, and from their attempts and outcomes.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from bench.delivery.core.traffic import ORGANIZATION
from bench.delivery.measured_fleet import MeasuredFleet
from shared.adapters.topic_reader import TopicReader
from shared.core.messages.integration_events import RUN_ERRORS
from shared.core.topics import integration_key

_ERRORS = [b'"' + each.encode() + b'"' for each in RUN_ERRORS]
#: Stands near the beginning of a record of the run log that says what an event led to.
_MATCH = b'"kind":"match"'
_NEAR_THE_BEGINNING = 40


@dataclass(frozen=True, slots=True)
class Produced:
    """Seconds, ascending, of the matcher's records and of all others, and how many of the others are run failures or
    dead letters."""

    by_matcher: list[float]
    by_others: list[float]
    failures: int


def produced_for(fleet: MeasuredFleet, integration_id: str, began_ms: int, ended_ms: int) -> Produced:
    """What was produced for ``integration_id`` from one moment to another, in seconds since the first."""
    topics = fleet.topics
    key = integration_key(ORGANIZATION, integration_id)
    named = b'"' + integration_id.encode() + b'"'
    waiting = (topics.deliveries_due, *topics.retry.values())
    followed = (topics.deliveries, *waiting, topics.run_log, topics.integration_events, topics.dead_letters)
    by_matcher: list[float] = []
    by_others: list[float] = []
    failures = 0
    with closing(TopicReader(fleet.settings, [topic.name for topic in followed])) as reader:
        reader.begin_at_time(began_ms)
        for record in reader.unread():
            value, owner = record.value or b"", record.key or b""
            is_about_it = owner == key or owner.startswith(key + b"/") or named in value
            if not is_about_it or record.timestamp_ms > ended_ms:
                continue
            is_match = record.topic == topics.run_log.name and _MATCH in value[:_NEAR_THE_BEGINNING]
            written = by_matcher if is_match or record.topic == topics.deliveries.name else by_others
            written.append((record.timestamp_ms - began_ms) / 1000)
            is_outcome = record.topic == topics.integration_events.name
            failures += record.topic == topics.dead_letters.name
            failures += is_outcome and any(each in value for each in _ERRORS)
    return Produced(sorted(by_matcher), sorted(by_others), failures)
