"""Working removals: look at everything in batches, empty what is a person's, twice over.

Nothing is indexed by persons, and their names are not kept, so every row is looked at: events and integration events
for whom they name, runs for their subject, and bodies that are events for the rest, since runs are kept longer than
events. A batch is one short transaction with the place reached in it, so a removal goes on where it was, whichever
recorder does, and keeps nobody from writing for long.

The second pass begins when what a writer had in hand at the time of the asking is stored: that batch may not have seen
the removal (`services.event_recorder.acts.removal_filter`).
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, Table, or_, select, tuple_, update

from services.event_recorder.acts.removal_requests import DONE, RUNNING, key_of
from services.event_recorder.acts.removal_rows import EventRemoval
from services.event_recorder.acts.tables import removal_work
from services.event_recorder.core.removal import (
    REMOVED_ATTRIBUTE,
    EventKey,
    digests_in_event,
    digests_in_outcome,
    event_in_body,
    event_of_outcome,
    names_one_of,
)
from services.event_recorder.schema import attempts, events, integration_events, removals, runs, skips
from shared.adapters.clock import Clock
from shared.adapters.json_logs import log

#: Rows of one batch: some hold a body of 256 KiB.
BATCH_ROWS = 200
#: Milliseconds without a word from its worker after which a removal is another's.
LEASE_MS = 5_000
#: Milliseconds from the asking to the second pass: longer than a writer holds a batch.
SETTLE_MS = 5_000
_PASSES = 2
#: Seconds until a removal is looked at that another works or that waits.
_WAIT_SECONDS = 1.0
_logger = logging.getLogger("hookfleet.recorder.removals")

_Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class _Phase:
    """Rows of one table, through its key, and how to tell whose they are: an event, and digests of whom it names."""

    name: str
    table: Table
    columns: tuple[str, ...]
    named: Callable[[bytes, _Row], tuple[EventKey | None, set[str]]]


def _of_event(key: bytes, row: _Row) -> tuple[EventKey | None, set[str]]:
    document = orjson.loads(row["document"])
    if REMOVED_ATTRIBUTE in document:
        return None, set()
    return (row["source"], row["id"]), digests_in_event(key, document)


def _of_integration_event(key: bytes, row: _Row) -> tuple[EventKey | None, set[str]]:
    document = orjson.loads(row["document"])
    return event_of_outcome(document), digests_in_outcome(key, document)


def _of_run(key: bytes, row: _Row) -> tuple[EventKey | None, set[str]]:
    subject = {"subject": row["event_subject"]}
    return (row["event_source"], row["event_id"]), digests_in_event(key, subject)


def _of_skip(key: bytes, row: _Row) -> tuple[EventKey | None, set[str]]:
    return _of_body(key, orjson.loads(row["document"])["body"])


def _of_attempt(key: bytes, row: _Row) -> tuple[EventKey | None, set[str]]:
    if row["exchange"] is None:
        return None, set()
    return _of_body(key, orjson.loads(row["exchange"])["request"]["body"])


def _of_body(key: bytes, body: _Row) -> tuple[EventKey | None, set[str]]:
    event = event_in_body(body.get("text"))
    if event is None or not isinstance(event.get("source"), str) or not isinstance(event.get("id"), str):
        return None, set()
    return (event["source"], event["id"]), digests_in_event(key, event)


_PHASES = (
    _Phase("events", events, ("source", "document"), _of_event),
    _Phase("integration events", integration_events, ("document",), _of_integration_event),
    _Phase("runs", runs, ("event_source", "event_id", "event_subject"), _of_run),
    _Phase("skips", skips, ("document",), _of_skip),
    _Phase("attempts", attempts, ("exchange",), _of_attempt),
)


class RemovalWorker:
    """``worker`` is this process's name among the recorders; ``reading`` is for looking whether there is work."""

    def __init__(self, engine: Engine, reading: Engine, clock: Clock, worker: str) -> None:
        self._engine = engine
        self._reading = reading
        self._clock = clock
        self._worker = worker

    def step(self) -> float | None:
        """Do a batch of every removal; seconds until there is more, None when there is none."""
        with self._reading.connect() as connection:
            asked = select(removal_work).where(removal_work.c.status == RUNNING)
            found = [dict(row) for row in connection.execute(asked).mappings()]
        return min((self._work(each) for each in found), default=None)

    def release(self) -> None:
        """Let others take over at once."""
        with self._engine.begin() as connection:
            connection.execute(
                update(removal_work)
                .where(removal_work.c.worker == self._worker)
                .values(worker=None, lease_until_ms=None)
            )

    def _work(self, work: dict[str, Any]) -> float:
        now_ms = self._clock()
        if work["pass_number"] > 1 and not work["phase"] and now_ms < work["requested_ms"] + SETTLE_MS:
            return _WAIT_SECONDS
        this = (removal_work.c.organization == work["organization"], removal_work.c.id == work["id"])
        free = or_(
            removal_work.c.worker == self._worker,
            removal_work.c.worker.is_(None),
            removal_work.c.lease_until_ms < now_ms,
        )
        with self._engine.begin() as connection:
            lease = {"worker": self._worker, "lease_until_ms": now_ms + LEASE_MS, "updated_ms": now_ms}
            taken = connection.execute(
                update(removal_work).where(*this, free, removal_work.c.status == RUNNING).values(lease)
            )
            if not taken.rowcount:
                return _WAIT_SECONDS
            work = dict(connection.execute(select(removal_work).where(*this)).mappings().one())
            connection.execute(update(removal_work).where(*this).values(self._batch(connection, work)))
        return 0.0

    def _batch(self, connection: Connection, work: _Row) -> dict[str, Any]:
        """Look at the next rows; what is to be noted of it."""
        phase = next((each for each in _PHASES if each.name == work["phase"]), _PHASES[0])
        rows = _rows(connection, phase, work)
        removed = self._empty(connection, work, phase, rows)
        noted = {"examined": work["examined"] + len(rows), "removed": work["removed"] + removed}
        if len(rows) == BATCH_ROWS:
            position = [rows[-1][each.name] for each in _place(phase.table)]
            return noted | {"phase": phase.name, "position": orjson.dumps(position).decode()}
        following = _PHASES.index(phase) + 1
        if following < len(_PHASES):
            return noted | {"phase": _PHASES[following].name, "position": ""}
        if work["pass_number"] < _PASSES:
            return noted | {"pass_number": work["pass_number"] + 1, "phase": "", "position": ""}
        log(_logger, logging.INFO, "removal_ended", removal=work["id"], events=noted["removed"])
        return noted | {"status": DONE, "ended_ms": self._clock(), "worker": None, "lease_until_ms": None}

    def _empty(self, connection: Connection, work: _Row, phase: _Phase, rows: Sequence[_Row]) -> int:
        key = key_of(connection, work["organization"])
        asked = select(removals).where(removals.c.organization == work["organization"], removals.c.id == work["id"])
        removal = connection.execute(asked).one()
        assert key is not None
        wanted = {removal.digest}
        theirs = set(_theirs(phase, key, rows, wanted))
        if not theirs:
            return 0
        return EventRemoval(work["organization"], key, removal.id, removal.by, removal.at_ms).empty(connection, theirs)


def _theirs(phase: _Phase, key: bytes, rows: Iterable[_Row], wanted: set[str]) -> Iterable[EventKey]:
    for row in rows:
        event, named = phase.named(key, row)
        if event is not None and names_one_of(named, wanted):
            yield event


def _place(table: Table) -> list[Any]:
    """The columns of the key behind the organization."""
    return list(table.primary_key.columns)[1:]


def _rows(connection: Connection, phase: _Phase, work: _Row) -> list[_Row]:
    place = _place(phase.table)
    wanted = {each.name: each for each in (*place, *(phase.table.c[name] for name in phase.columns))}
    asked = (
        select(*wanted.values())
        .where(phase.table.c.organization == work["organization"])
        .order_by(*place)
        .limit(BATCH_ROWS)
    )
    if work["position"]:
        asked = asked.where(tuple_(*place) > tuple(orjson.loads(work["position"])))
    return [dict(row) for row in connection.execute(asked).mappings()]
