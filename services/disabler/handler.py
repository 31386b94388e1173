"""A batch of integration events in; announcements, dead letters and table writes out, in an order that survives a
crash.

1. Fold every record of the batch, in memory.
2. Publish what the folds led to, and wait until all replicas have it.
3. Write the table, and wait likewise.
4. Return; only then does the caller acknowledge the batch.

Dying between 2 and 3, the batch comes back to the table as it was and leads to the same announcements. Dying
between 3 and 4, it comes back to a table that has seen it, and changes nothing. The order 3, 2 would lose a
disable.

A partition that did not go on where it was left (it is new here, or was somewhere else meanwhile) is looked back on
first: which runs have ended in it lately, so that a second outcome is recognised whoever saw the first.

A record that cannot be read, or on which our own code raises, becomes a dead letter and stops nothing. Whatever
steps 2 and 3 raise is the brokers' and goes on to the caller, who must end the process without acknowledging.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

from services.disabler.announcements import announce
from services.disabler.core.first_outcomes import MAX_RUNS, FirstOutcomes
from services.disabler.core.fold import fold
from services.disabler.core.streak import Decision, Disable, Streak
from shared.adapters import metrics
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.base import ORGANIZATION_HEADER, RUN_ID_HEADER, TYPE_HEADER
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    ENABLED,
    RUN_OUTCOMES,
    RunOutcome,
    decode_integration_event,
)
from shared.core.records import OutRecord, Record
from shared.core.topics import Topics

#: Types that are our own announcements; they come back on this topic and need no decoding.
_OWN_TYPES = frozenset({DISABLED_ERROR.encode(), ENABLED.encode()})
_OUTCOME_TYPES = frozenset(each.encode() for each in RUN_OUTCOMES)


class Outputs(Protocol):
    """Where records go that others read."""

    async def publish(self, records: Sequence[OutRecord]) -> None:
        """Produce and return once all replicas have all of them. Raises when they cannot."""


class StreakTable(Protocol):
    """Streaks by integration key; a key's streak lives in the partition its records are read from."""

    def read(self, key: bytes) -> Streak | None: ...

    async def write(self, streaks: Mapping[bytes, Streak], partitions: Mapping[bytes, int]) -> None:
        """Store and return once all replicas have all of them. Raises when they cannot."""


class Past(Protocol):
    """What a partition held before."""

    async def before(self, partition: int, offset: int, count: int) -> Sequence[Record]:
        """The records of the last ``count`` offsets below ``offset``, oldest first. Raises when brokers are away."""


class Handler:
    """The steps above. It knows the order of things and none of the libraries that do them."""

    def __init__(
        self, topics: Topics, outputs: Outputs, table: StreakTable, past: Past, dead_letters: DeadLetterBox
    ) -> None:
        self._topics = topics
        self._outputs = outputs
        self._table = table
        self._past = past
        self._dead_letters = dead_letters
        self._first_outcomes: dict[int, FirstOutcomes] = {}
        self._next: dict[int, int] = {}

    async def handle(self, batch: Sequence[Record]) -> None:
        """Process records, each partition's in order. On return everything is durable."""
        outputs: list[OutRecord] = []
        changed: dict[bytes, Streak] = {}
        partitions: dict[bytes, int] = {}
        for record in batch:
            if self._next.get(record.partition) != record.offset:
                self._first_outcomes[record.partition] = await self._look_back(record.partition, record.offset)
            self._next[record.partition] = record.offset + 1
            with self._dead_letters.guard(record, outputs.append):
                self._fold(record, changed, partitions, outputs)
        metrics.CONSUMED.labels(self._topics.integration_events.name).inc(len(batch))
        if outputs:
            await self._outputs.publish(outputs)
        if changed:
            await self._table.write(changed, partitions)

    async def _look_back(self, partition: int, offset: int) -> FirstOutcomes:
        """From headers alone: what cannot be read was a dead letter, which ends no run."""
        known = FirstOutcomes()
        for record in await self._past.before(partition, offset, MAX_RUNS):
            headers = {} if record.fault else dict(record.header_list)
            if headers.get(TYPE_HEADER) in _OUTCOME_TYPES and RUN_ID_HEADER in headers:
                organization = headers.get(ORGANIZATION_HEADER, b"").decode("utf-8", "replace")
                known.remember(organization, headers[RUN_ID_HEADER].decode("utf-8", "replace"), record.offset)
        return known

    def _fold(
        self,
        record: Record,
        changed: dict[bytes, Streak],
        partitions: dict[bytes, int],
        outputs: list[OutRecord],
    ) -> None:
        if record.headers.get(TYPE_HEADER) in _OWN_TYPES:
            return
        event = decode_integration_event(record.value or b"")
        key = event.key
        if record.key != key:
            raise InvalidInput([Fault("(key)", "not the integration's", "key the record organization/integration")])
        first = self._first_outcomes[record.partition]
        run_id = event.data.run_id if isinstance(event.data, RunOutcome) else None
        if run_id is not None and first.superseded(event.organization, run_id, record.offset):
            metrics.OUTCOMES_COUNTED.labels("superseded").inc()
            return
        before = changed[key] if key in changed else self._table.read(key)
        after, decision = fold(before, event, record.offset, record.timestamp_ms)
        if run_id is not None:
            first.remember(event.organization, run_id, record.offset)
            metrics.OUTCOMES_COUNTED.labels(_effect(before, after)).inc()
        if decision is not None:
            outputs.extend(announce(event.organization, event.data.integration_id, decision, self._topics))
            _count(decision)
        if after is not None and after is not before:
            changed[key] = after
            partitions[key] = record.partition


def _effect(before: Streak | None, after: Streak | None) -> str:
    if after is None or after is before:
        return "none"
    if not after.enabled:
        return "disabled"
    return "added" if after.failed_runs else "reset"


def _count(decision: Decision) -> None:
    metrics.STATE_CHANGES.labels("disabled" if isinstance(decision, Disable) else "enabled").inc()
