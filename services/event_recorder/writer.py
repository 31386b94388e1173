"""Storing a batch of readings in one transaction.

A row that the database refuses must not keep the others out, and which one it was is only known by trying: then the
batch is stored again one record at a time, each in a savepoint, still in one transaction.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Connection, Engine, bindparam, delete, select
from sqlalchemy.exc import SQLAlchemyError

from services.event_recorder import schema
from services.event_recorder.core.rows import Reading, Row, TableName
from services.event_recorder.core.run_rows import row_of, run_of
from services.event_recorder.core.runs import Run, join_all
from services.event_recorder.database import DatabaseUnavailable, is_fault_of_a_row, unavailable
from services.event_recorder.upserts import first_on_topic, keeping, last_by, replacing
from shared.adapters import metrics
from shared.adapters.clock import Clock

_INSERTS = {
    TableName.EVENTS: first_on_topic(schema.events),
    TableName.MATCHES: first_on_topic(schema.matches),
    TableName.RUNS: replacing(schema.runs),
    TableName.ATTEMPTS: keeping(schema.attempts),
    TableName.SKIPS: keeping(schema.skips),
    TableName.OUTCOMES: keeping(schema.outcomes),
    TableName.INTEGRATION_EVENTS: first_on_topic(schema.integration_events),
    TableName.RESOURCES: last_by(schema.resources, "version"),
    TableName.INTEGRATION_STATES: last_by(schema.integration_states, "topic_offset"),
}
_KNOWN_RUNS = select(schema.runs).where(
    schema.runs.c.organization == bindparam("organization"),
    schema.runs.c.run_id.in_(bindparam("run_ids", expanding=True)),
)
_OLD_EVENTS = delete(schema.events).where(schema.events.c.accepted_ms < bindparam("before_ms"))
#: Parameters of one statement stay far below what any engine allows (SQLite: 32,766).
_RUNS_A_QUERY = 1_000
_logger = logging.getLogger("hookfleet.recorder.writer")

Refused = list[tuple[int, Exception]]


class Writer:
    """``event_store_ms`` is how long system events are kept, in milliseconds."""

    def __init__(self, engine: Engine, clock: Clock, event_store_ms: int) -> None:
        self._engine = engine
        self._clock = clock
        self._event_store_ms = event_store_ms

    def write(self, readings: Sequence[Reading]) -> Refused:
        """Store ``readings``; what comes back are the places of those that the database refused, and why.

        Raises DatabaseUnavailable; then nothing is stored.
        """
        with metrics.RECORD_BATCH_SECONDS.time():
            try:
                return self._in_one_transaction(lambda connection: self._store_all(connection, readings))
            except DatabaseUnavailable:
                raise
            except Exception as error:
                _logger.warning("storing_one_by_one", exc_info=error)
            return self._in_one_transaction(lambda connection: self._store_each(connection, readings))

    def _in_one_transaction(self, work: Callable[[Connection], Refused]) -> Refused:
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            if is_fault_of_a_row(error):
                raise
            raise unavailable(error) from error

    def _store_all(self, connection: Connection, readings: Sequence[Reading]) -> Refused:
        rows: dict[TableName, list[Row]] = defaultdict(list)
        for reading in readings:
            for fact in reading.facts:
                rows[fact.table].append(fact.row)
        runs = join_all(run for reading in readings for run in reading.runs)
        if runs:
            known = self._known(connection, runs)
            rows[TableName.RUNS] = [row_of(run) for run in join_all((*known, *runs.values())).values()]
        for table, values in rows.items():
            connection.execute(_INSERTS[table], values)
        if TableName.EVENTS in rows:
            connection.execute(_OLD_EVENTS, {"before_ms": self._clock() - self._event_store_ms})
        return []

    def _store_each(self, connection: Connection, readings: Sequence[Reading]) -> Refused:
        refused: Refused = []
        for place, reading in enumerate(readings):
            try:
                with connection.begin_nested():
                    self._store_all(connection, [reading])
            except Exception as error:
                if not is_fault_of_a_row(error):
                    raise
                refused.append((place, error))
        return refused

    def _known(self, connection: Connection, keys: Iterable[tuple[str, str]]) -> list[Run]:
        """What is stored of these runs."""
        ids: dict[str, list[str]] = defaultdict(list)
        for organization, run_id in keys:
            ids[organization].append(run_id)
        known: list[Run] = []
        for organization, run_ids in ids.items():
            for first in range(0, len(run_ids), _RUNS_A_QUERY):
                some = {"organization": organization, "run_ids": run_ids[first : first + _RUNS_A_QUERY]}
                known.extend(run_of(dict(row)) for row in connection.execute(_KNOWN_RUNS, some).mappings())
        return known
