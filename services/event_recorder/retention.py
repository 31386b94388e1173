"""Removing what is older than it may become, beside the recording and on a connection of its own.

The floors rise first, in a transaction of their own, and only then rows go: whatever is read again meanwhile is judged
by them (`core.retention`). Rows go a few hundred at a time, oldest first, and after each batch the thread rests for as
long as the batch took, so that a writer waits for one batch at most, where it waits at all: on SQLite for the write
lock, on PostgreSQL for nothing, since rows that somebody else holds are left for the next pass. A run goes in one
transaction with everything recorded of it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from psycopg import Error as DriverError
from sqlalchemy import ColumnElement, Connection, Engine, Table, delete, func, select, tuple_
from sqlalchemy.exc import SQLAlchemyError

from services.event_recorder import schema
from services.event_recorder.acts.tables import replayed_runs
from services.event_recorder.core.retention import ERROR_TYPES, OTHER_TYPES, Floors, RecordKind
from services.event_recorder.database import unavailable
from services.event_recorder.database_patience import DatabasePatience, Stopping
from services.event_recorder.migrate import migrate
from services.event_recorder.retention_floors import raise_floors
from shared.adapters.clock import Clock
from shared.adapters.json_logs import log

#: Rows of one transaction.
BATCH_ROWS = 200
#: Seconds between two passes: what is a minute too old hurts nobody.
_PASS_EVERY_SECONDS = 60.0
_logger = logging.getLogger("hookfleet.recorder.retention")


@dataclass(frozen=True)
class _Swept:
    """Rows of one table that age together: by which column, and which of them. ``parts`` go with them: tables whose
    rows name the organization and the run."""

    kind: RecordKind
    table: Table
    time: str
    only: tuple[ColumnElement[bool], ...] = ()
    parts: tuple[Table, ...] = ()


def _typed(table: Table, time: str) -> Iterator[_Swept]:
    """One part a type, because the index by time is one of a type's rows."""
    for kind, types in ((RecordKind.ERROR_EVENTS, ERROR_TYPES), (RecordKind.INTEGRATION_EVENTS, OTHER_TYPES)):
        for each in types:
            yield _Swept(kind, table, time, (table.c.type == each,))


_SWEPT = (
    _Swept(RecordKind.SYSTEM_EVENTS, schema.events, "accepted_ms"),
    _Swept(RecordKind.RUN_LOG, schema.matches, "matched_ms"),
    _Swept(RecordKind.RUN_LOG, schema.runs, "created_ms", parts=(schema.attempts, schema.skips, schema.outcomes)),
    _Swept(RecordKind.RUN_LOG, replayed_runs, "planned_ms"),
    *_typed(schema.integration_events, "time_ms"),
    *_typed(schema.alerts, "last_ms"),
    _Swept(RecordKind.STATISTICS, schema.run_statistics, "minute_ms"),
    _Swept(RecordKind.TRAIL, schema.trail, "at_ms"),
    _Swept(RecordKind.TRAIL, schema.replays, "requested_ms", (schema.replays.c.ended_ms.is_not(None),)),
)


class Retention:
    """``kept_ms`` says how many milliseconds each kind of record is kept."""

    def __init__(self, engine: Engine, kept_ms: Mapping[RecordKind, int], clock: Clock) -> None:
        self._engine = engine
        self._kept_ms = kept_ms
        self._clock = clock

    def run(self, stop: threading.Event) -> None:
        """The thread's body: pass after pass until ``stop`` is set; an unavailable database is waited for."""
        patience = DatabasePatience(stop)
        try:
            patience.until_done(lambda: migrate(self._engine))
            patience.until_done(lambda: self.remove(stop))
            while not stop.wait(_PASS_EVERY_SECONDS):
                patience.until_done(lambda: self.remove(stop))
        except Stopping:
            return

    def remove(self, stop: threading.Event) -> None:
        """One pass: raise the floors, then remove everything below them, unless ``stop`` is set before.

        Raises DatabaseUnavailable; what is removed by then stays removed.
        """
        floors = {kind: max(0, self._clock() - kept) for kind, kept in self._kept_ms.items()}
        self._in_a_transaction(lambda connection: raise_floors(connection, floors))
        removed: dict[str, int] = {}
        for swept in _SWEPT:
            for organization in self._organizations(swept.table):
                removed[swept.table.name] = removed.get(swept.table.name, 0) + self._sweep(
                    swept, organization, floors, stop
                )
        if any(removed.values()):
            log(_logger, logging.INFO, "retention_removed", rows={table: n for table, n in removed.items() if n})

    def _organizations(self, table: Table) -> Iterator[str]:
        """Those with rows in the table, each found by one look into its index."""
        after = ""
        while (found := self._in_a_transaction(partial(_next_organization, table, after))) is not None:
            after = str(found)
            yield after

    def _sweep(self, swept: _Swept, organization: str, floors: Floors, stop: threading.Event) -> int:
        """How many rows of the table went."""
        gone, last = 0, BATCH_ROWS
        while last == BATCH_ROWS and not stop.is_set():
            began = time.monotonic()
            last = self._in_a_transaction(
                lambda connection: _remove_some(connection, swept, organization, floors[swept.kind])
            )
            gone += last
            if last:
                stop.wait(time.monotonic() - began)
        return gone

    def _in_a_transaction(self, work: Callable[[Connection], Any]) -> Any:
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except (SQLAlchemyError, DriverError) as error:
            raise unavailable(error) from error


def _next_organization(table: Table, after: str, connection: Connection) -> str | None:
    following = select(func.min(table.c.organization)).where(table.c.organization > after)
    found: str | None = connection.execute(following).scalar_one()
    return found


def _remove_some(connection: Connection, swept: _Swept, organization: str, before_ms: int) -> int:
    """Remove a batch of rows older than ``before_ms``; how many they were."""
    table, time_ms = swept.table, swept.table.c[swept.time]
    key = list(table.primary_key.columns)
    oldest = (
        select(*key)
        .where(table.c.organization == organization, time_ms < before_ms, *swept.only)
        .order_by(time_ms)
        .limit(BATCH_ROWS)
        .with_for_update(skip_locked=True)
    )
    keys: Sequence[Any] = connection.execute(oldest).all()
    if keys:
        connection.execute(delete(table).where(tuple_(*key).in_([tuple(each) for each in keys])))
        for part in swept.parts:
            run_ids = [each.run_id for each in keys]
            connection.execute(delete(part).where(part.c.organization == organization, part.c.run_id.in_(run_ids)))
    return len(keys)
