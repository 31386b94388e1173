"""Reads what the topics say, from outside any consumer group: the demonstration's view of Kafka, in one place.

Call :meth:`TopicEvidence.read` as often as wanted; each time it takes in what has been written since.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from deploy.local.demo.core.evidence import Evidence, RecordedAttempt
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_reader import TopicReader
from shared.core.dead_letters import DeadLetter, read_entry
from shared.core.messages.base import RUN_ID_HEADER
from shared.core.messages.integration_events import IntegrationEvent, RunOutcome, decode_integration_event
from shared.core.messages.run_log import AttemptRecord, MatchRecord, decode_run_log
from shared.core.records import Record


class TopicEvidence:
    """Follows ``run-log``, both topics of first attempts, ``integration-events`` and ``dead-letters``.

    Used by one thread."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._topics = settings.topics()
        followed = (
            self._topics.run_log,
            self._topics.deliveries,
            self._topics.deliveries_ordered,
            self._topics.integration_events,
            self._topics.dead_letters,
        )
        self._reader = TopicReader(settings, [topic.name for topic in followed])
        self._matches: list[MatchRecord] = []
        self._requested: set[str] = set()
        self._attempts: set[RecordedAttempt] = set()
        self._integration_events: list[IntegrationEvent] = []
        self._dead_letters: list[DeadLetter] = []

    def read(self) -> None:
        """Take in everything up to the ends that the topics have now."""
        for record in self._reader.unread():
            self._take(record)

    def of(self, evidence: Evidence) -> Evidence:
        """``evidence`` with what the topics say."""
        return replace(
            evidence,
            matches=tuple(self._matches),
            requested=frozenset(self._requested),
            attempts=frozenset(self._attempts),
            integration_events=tuple(self._integration_events),
            dead_letters=tuple(self._dead_letters),
        )

    def events_of(self, integration_id: str) -> Iterable[IntegrationEvent]:
        """What is known of one integration, oldest first."""
        return [event for event in self._integration_events if event.data.integration_id == integration_id]

    def events_that_ended_at(self, integration_id: str) -> set[tuple[str, str]]:
        """(source, id) of the events whose run at one integration has an outcome."""
        outcomes = (event.data for event in self.events_of(integration_id))
        return {(each.event.source, each.event.id) for each in outcomes if isinstance(each, RunOutcome)}

    def close(self) -> None:
        self._reader.close()

    def _take(self, record: Record) -> None:
        value = record.value or b""
        if record.topic in (self._topics.deliveries.name, self._topics.deliveries_ordered.name):
            self._requested.add(record.headers[RUN_ID_HEADER].decode())
        elif record.topic == self._topics.integration_events.name:
            self._integration_events.append(decode_integration_event(value))
        elif record.topic == self._topics.dead_letters.name:
            said = read_entry(list(record.header_list), record.value)
            if isinstance(said, DeadLetter):
                self._dead_letters.append(said)
        else:
            match decode_run_log(value):
                case MatchRecord() as matched:
                    self._matches.append(matched)
                case AttemptRecord() as attempt:
                    self._attempts.add(RecordedAttempt(attempt.run.run_id, attempt.number))
                case _:
                    return
