"""The match stage: a batch of events in, delivery requests and match records out.

System events are matched, and so are errors and re-enablings of integrations, which stand on a topic of their own.

Before it looks at a batch it asks the broker for the end of ``config`` and waits until its own table is there, so that
whatever was acknowledged before these events were sent applies to them, whoever sent them and however.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from services.dispatcher.conditions import evaluator
from services.dispatcher.core.configuration import Configuration
from services.dispatcher.core.matching import Match, match
from shared.adapters import metrics
from shared.adapters.clock import Clock
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.core.cloud_events import read_record
from shared.core.faults import Fault, InfrastructureError, InvalidInput
from shared.core.messages.base import ORGANIZATION_HEADER, TYPE_HEADER
from shared.core.messages.delivery import DeliveryRequest
from shared.core.messages.integration_events import DISABLED_ERROR, ENABLED, RUN_ERRORS, chain_of
from shared.core.records import OutRecord, Record
from shared.core.topics import MAX_EVENT_BYTES, Topics, delivery_key, match_key

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
    ) -> None:
        self._topics = topics
        self._configuration = configuration
        self._table = table
        self._config_end = config_end
        self._publish = publish
        self._dead_letters = dead_letters
        self._clock = clock

    def __call__(self, batch: Sequence[Record]) -> None:
        """Match ``batch`` and return when everything it led to is acknowledged."""
        if not self._table.wait_until(self._config_end(), CONFIG_WAIT_SECONDS):
            raise InfrastructureError(f"the config table is behind for {CONFIG_WAIT_SECONDS} s")
        out: list[OutRecord] = []
        for record in batch:
            with self._dead_letters.guard(record, out.append):
                if self._can_match(record):
                    out.extend(self._records(self._match(record)))
        self._publish(out).wait()

    def _can_match(self, record: Record) -> bool:
        """Everything but what integrations do all day: only errors and ``integration.enabled`` are worth a rule."""
        return record.topic == self._topics.system_events.name or record.headers.get(TYPE_HEADER) in _MATCHABLE

    def _match(self, record: Record) -> tuple[Match, bytes]:
        event = read_record(record.headers, record.value)
        about_integrations = record.topic == self._topics.integration_events.name
        body = event.encode()
        if len(body) > MAX_EVENT_BYTES:
            # ingest refuses it; a direct producer's would make records that no topic takes.
            fault = Fault("(value)", f"larger than {MAX_EVENT_BYTES} bytes as structured JSON", "send less data")
            raise InvalidInput([fault])
        matched = match(
            event,
            self._configuration,
            evaluator(event),
            chain=chain_of(record.value or b"") if about_integrations else (),
            config_offset=self._table.offset(),
            accepted_ms=record.timestamp_ms,
            now_ms=self._clock(),
        )
        return matched, body

    def _records(self, matched: tuple[Match, bytes]) -> list[OutRecord]:
        result, body = matched
        organization = result.record.organization
        metrics.EVENTS_MATCHED.labels("yes" if result.requests else "no").inc()
        metrics.RUNS_CREATED.inc(len(result.requests))
        metrics.RULES_UNEVALUABLE.inc(len(result.record.unevaluable))
        out = [self._delivery(request, result.ordered.get(request.run_id), body) for request in result.requests]
        out.append(
            OutRecord(
                self._topics.run_log.name,
                match_key(organization, result.record.event.id),
                result.record.encode(),
                [(ORGANIZATION_HEADER, organization.encode())],
            )
        )
        return out

    def _delivery(self, request: DeliveryRequest, order: bytes | None, body: bytes) -> OutRecord:
        if order is not None:
            return OutRecord(self._topics.deliveries_ordered.name, order, body, request.headers())
        key = delivery_key(request.organization, request.integration_id, request.shard)
        return OutRecord(self._topics.deliveries.name, key, body, request.headers())
