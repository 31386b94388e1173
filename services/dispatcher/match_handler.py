"""The match stage: a batch of events in, delivery requests and match records out.

System events are matched, and so are errors and re-enablings of integrations, which stand on a topic of their own.

Before it looks at a batch it asks the broker for the end of ``config`` and waits until its own table is there, so that
whatever was acknowledged before these events were sent applies to them, whoever sent them and however.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from services.dispatcher.conditions import Conditions
from services.dispatcher.core.configuration import Configuration
from services.dispatcher.core.match_documents import match_record, request_headers
from services.dispatcher.core.matching import Match, Triggered, match
from services.dispatcher.core.step_spans import match_span
from shared.adapters import metrics
from shared.adapters.clock import Clock
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.tracing import Tracing
from shared.core.cloud_events import CloudEvent, read_record
from shared.core.faults import Fault, InfrastructureError, InvalidInput
from shared.core.messages.base import ORGANIZATION_HEADER, TYPE_HEADER
from shared.core.messages.integration_events import DISABLED_ERROR, ENABLED, RUN_ERRORS, chain_of
from shared.core.records import OutRecord, Record
from shared.core.topics import MAX_EVENT_BYTES, Topics, delivery_key, match_key
from shared.core.trace_context import TraceContext, context_of_record

#: Longest wait for the configuration to catch up, in seconds; a batch that waits longer is left uncommitted.
CONFIG_WAIT_SECONDS = 30.0


#: Types on ``integration-events`` that rules can match, as they stand in the header; others are not even decoded.
_MATCHABLE = frozenset(each.encode() for each in (*RUN_ERRORS, DISABLED_ERROR, ENABLED))


class ConfigTable(Protocol):
    """How far the configuration at hand goes."""

    def offset(self) -> int: ...

    def wait_until(self, offset: int, timeout_seconds: float) -> bool: ...


class Waits(Protocol):
    """An acknowledgement under way."""

    def wait(self) -> None:
        """Block until acknowledged."""


class MatchHandler:
    """Matches batches; called by the match loop."""

    def __init__(
        self,
        *,
        topics: Topics,
        configuration: Configuration,
        table: ConfigTable,
        config_end: Callable[[], int],
        publish: Callable[[Sequence[OutRecord]], Waits],
        dead_letters: DeadLetterBox,
        clock: Clock,
        tracing: Tracing,
    ) -> None:
        self._topics = topics
        self._configuration = configuration
        self._tracing = tracing
        self._table = table
        self._config_end = config_end
        self._publish = publish
        self._dead_letters = dead_letters
        self._clock = clock
        self._conditions = Conditions()

    def __call__(self, batch: Sequence[Record]) -> None:
        """Match ``batch`` and return when everything it led to is acknowledged."""
        if not self._table.wait_until(self._config_end(), CONFIG_WAIT_SECONDS):
            raise InfrastructureError(f"the config table is behind for {CONFIG_WAIT_SECONDS} s")
        out: list[OutRecord] = []
        matches: list[Match] = []
        for record in batch:
            with self._dead_letters.guard(record, out.append):
                if self._can_match(record):
                    matched, body = self._match(record)
                    out.extend(self._records(matched, body))
                    matches.append(matched)
        acknowledgement = self._publish(out)
        _count(matches)
        acknowledgement.wait()
        for each in matches:
            if each.trace is not None:
                self._tracing.record(match_span(each, each.trace, each.now_ms, self._clock()))

    def _can_match(self, record: Record) -> bool:
        """Everything but what integrations do all day: only errors and ``integration.enabled`` are worth a rule."""
        return record.topic == self._topics.system_events.name or record.headers.get(TYPE_HEADER) in _MATCHABLE

    def _match(self, record: Record) -> tuple[Match, bytes]:
        headers = record.headers
        event = read_record(headers, record.value)
        about_integrations = record.topic == self._topics.integration_events.name
        body = event.encode()
        if len(body) > MAX_EVENT_BYTES:
            # ingest refuses it; a direct producer's would make records that no topic takes.
            fault = Fault("(value)", f"larger than {MAX_EVENT_BYTES} bytes as structured JSON", "send less data")
            raise InvalidInput([fault])
        matched = match(
            event,
            self._configuration,
            self._conditions.evaluator(event),
            chain=chain_of(record.value or b"") if about_integrations else (),
            config_offset=self._table.offset(),
            accepted_ms=record.timestamp_ms,
            now_ms=self._clock(),
            trace=self._trace(event, headers),
        )
        return matched, body

    def _trace(self, event: CloudEvent, headers: Mapping[str, bytes]) -> TraceContext | None:
        parent = context_of_record(headers, event.document)
        if parent is None:
            return self._tracing.begin(event)
        return self._tracing.step(parent, "match", event.source, event.id)

    def _records(self, matched: Match, body: bytes) -> list[OutRecord]:
        organization, event_id = matched.event.organization, matched.event.id
        out = [self._delivery(matched, run, body) for run in matched.runs]
        out.append(
            OutRecord(
                self._topics.run_log.name,
                match_key(organization, event_id),
                match_record(matched),
                [(ORGANIZATION_HEADER, organization.encode()), *_trace_headers(matched)],
            )
        )
        return out

    def _delivery(self, matched: Match, run: Triggered, body: bytes) -> OutRecord:
        headers = request_headers(matched, run)
        if run.order is not None:
            return OutRecord(self._topics.deliveries_ordered.name, run.order, body, headers)
        key = delivery_key(matched.event.organization, run.integration_id, shard=0)
        return OutRecord(self._topics.deliveries.name, key, body, headers)


def _trace_headers(matched: Match) -> list[tuple[str, bytes]]:
    return [] if matched.trace is None else matched.trace.record_headers()


def _count(matches: Sequence[Match]) -> None:
    """Once a batch: each count is a lock."""
    fired = sum(1 for each in matches if each.runs)
    metrics.EVENTS_MATCHED.labels("yes").inc(fired)
    metrics.EVENTS_MATCHED.labels("no").inc(len(matches) - fired)
    metrics.RUNS_CREATED.inc(sum(len(each.runs) for each in matches))
    metrics.RULES_UNEVALUABLE.inc(sum(len(each.unevaluable) for each in matches))
