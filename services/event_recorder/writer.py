"""Storing a batch of readings in one transaction.

A row that the database refuses must not keep the others out, and which one it was is only known by trying: then the
batch is stored again one record at a time, each in a savepoint, still in one transaction.

Tables are written in one fixed order and rows in the order of their keys, so recorders that share the work wait for
each other's rows at most, never in a circle. Counting comes last: the minute that all of them count in is locked for
the shortest time.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from psycopg import Error as DriverError
from sqlalchemy import Connection, Engine, bindparam, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from services.event_recorder import schema
from services.event_recorder.bulk_writes import write_many_rows, write_rows
from services.event_recorder.core.alerts import AlertStatus, join_alerts
from services.event_recorder.core.retention import Floors, above_floors
from services.event_recorder.core.rows import Reading, Resolution, Row, TableName
from services.event_recorder.core.run_counts import counts_of
from services.event_recorder.core.run_rows import row_of
from services.event_recorder.core.runs import Run, join_all
from services.event_recorder.database import DatabaseUnavailable, is_fault_of_a_row, refused, unavailable
from services.event_recorder.retention_floors import read_floors
from services.event_recorder.upserts import adding, first_on_topic, joining_alerts, joining_runs, keeping, last_by
from shared.adapters import metrics

#: In the order of writing.
_UPSERTS = {
    TableName.RUNS: joining_runs(schema.runs),
    TableName.EVENTS: first_on_topic(schema.events),
    TableName.MATCHES: first_on_topic(schema.matches),
    TableName.ATTEMPTS: keeping(schema.attempts),
    TableName.SKIPS: keeping(schema.skips),
    TableName.OUTCOMES: keeping(schema.outcomes),
    TableName.INTEGRATION_EVENTS: first_on_topic(
        schema.integration_events, besides=("actioned_ms", "actioned_by", "resolved_ms", "resolved_by")
    ),
    TableName.RESOURCES: last_by(schema.resources, "version"),
    TableName.INTEGRATION_STATES: last_by(schema.integration_states, "topic_offset"),
    TableName.ALERTS: joining_alerts(schema.alerts, besides=("status_set", "status_ms", "status_by")),
    TableName.RUN_STATISTICS: adding(schema.run_statistics, "runs"),
}
_KNOWN_OUTCOMES = (
    select(schema.outcomes.c.organization, schema.outcomes.c.run_id)
    .where(
        schema.outcomes.c.organization == bindparam("organization"),
        schema.outcomes.c.run_id.in_(bindparam("run_ids", expanding=True)),
    )
    .distinct()
)
_RESOLVE = (
    update(schema.alerts)
    .where(
        schema.alerts.c.organization == bindparam("its_organization"),
        schema.alerts.c.id == bindparam("its_id"),
        or_(schema.alerts.c.status_ms.is_(None), schema.alerts.c.status_ms < bindparam("at_ms")),
    )
    .values(status_set=AlertStatus.RESOLVED.value, status_ms=bindparam("at_ms"), status_by="hookfleet")
)
#: Parameters of one statement stay far below what any engine allows (SQLite: 32,766).
_RUNS_A_QUERY = 1_000
_logger = logging.getLogger("hookfleet.recorder.writer")

Refused = list[tuple[int, Exception]]
RunKey = tuple[str, str]


class Writer:
    """Writes through ``engine``; a thread's own or shared, each batch is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def write(self, readings: Sequence[Reading]) -> Refused:
        """Store ``readings``; what comes back are the places of those that the database refused, and why.

        Raises DatabaseUnavailable; then nothing is stored.
        """
        metrics.RECORD_BATCH_RECORDS.observe(len(readings))
        with metrics.RECORD_BATCH_SECONDS.time():
            try:
                return self._in_one_transaction(lambda connection: _store_all(connection, readings))
            except DatabaseUnavailable:
                raise
            except Exception as error:
                _logger.warning("storing_one_by_one", exc_info=error)
            return self._in_one_transaction(lambda connection: _store_each(connection, readings))

    def _in_one_transaction(self, work: Callable[[Connection], Refused]) -> Refused:
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except (SQLAlchemyError, DriverError) as error:
            if is_fault_of_a_row(error):
                raise refused(error) from None
            raise unavailable(error) from error


def _store_all(connection: Connection, readings: Sequence[Reading]) -> Refused:
    _store(connection, readings, read_floors(connection), write_many_rows)
    return []


def _store_each(connection: Connection, readings: Sequence[Reading]) -> Refused:
    faulty: Refused = []
    floors = read_floors(connection)
    for place, reading in enumerate(readings):
        try:
            with connection.begin_nested():
                _store(connection, [reading], floors, write_rows)
        except Exception as error:
            if not is_fault_of_a_row(error):
                raise
            faulty.append((place, refused(error) if isinstance(error, SQLAlchemyError) else error))
    return faulty


def _store(connection: Connection, readings: Sequence[Reading], floors: Floors, write: Callable[..., None]) -> None:
    kept = [above_floors(reading, floors) for reading in readings] if floors else readings
    rows: dict[TableName, list[Row]] = defaultdict(list)
    for reading in kept:
        for fact in reading.facts:
            rows[fact.table].append(fact.row)
    rows[TableName.RUNS] = [row_of(run) for run in join_all(run for reading in kept for run in reading.runs).values()]
    rows[TableName.ALERTS] = join_alerts(rows[TableName.ALERTS])
    for table, upsert in _UPSERTS.items():
        if table is TableName.OUTCOMES:
            # After the runs: whoever writes of the same run waits for us there, and sees our outcomes here.
            rows[TableName.RUN_STATISTICS] = counts_of(_ended_first(connection, kept))
        if rows[table]:
            write(connection, upsert, upsert.ready(rows[table]))
        if table is TableName.ALERTS:
            _resolve(connection, [each for reading in kept for each in reading.resolutions])


def _ended_first(connection: Connection, readings: Iterable[Reading]) -> list[Run]:
    """Runs of which no outcome was stored before, as the first outcome tells them: each is counted once."""
    ended: dict[RunKey, Run] = {}
    for reading in readings:
        for run in reading.runs:
            if run.outcome is None:
                continue
            known = ended.setdefault(run.identity.key, run)
            if known.outcome is not None and run.outcome.offset < known.outcome.offset:
                ended[run.identity.key] = run
    before = _with_outcomes(connection, ended)
    return [run for key, run in ended.items() if key not in before]


def _with_outcomes(connection: Connection, keys: Iterable[RunKey]) -> set[RunKey]:
    """Those of the runs that have an outcome in the database."""
    ids: dict[str, list[str]] = defaultdict(list)
    for organization, run_id in keys:
        ids[organization].append(run_id)
    known: set[RunKey] = set()
    for organization, run_ids in ids.items():
        for first in range(0, len(run_ids), _RUNS_A_QUERY):
            some = {"organization": organization, "run_ids": run_ids[first : first + _RUNS_A_QUERY]}
            known.update((row.organization, row.run_id) for row in connection.execute(_KNOWN_OUTCOMES, some))
    return known


def _resolve(connection: Connection, resolutions: Iterable[Resolution]) -> None:
    found = [
        {"its_organization": each.organization, "its_id": each.alert_id, "at_ms": each.at_ms}
        for each in sorted(set(resolutions), key=lambda each: (each.organization, each.alert_id, each.at_ms))
    ]
    if found:
        connection.execute(_RESOLVE, found)
