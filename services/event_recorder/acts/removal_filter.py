"""What stands before the writer: records of persons who were removed are stored empty, whenever they are read.

Topics keep their own copy until their retention, and a recorder may read them again, or read late what was accepted
before the removal. A batch costs one small question while nobody was removed. What was accepted after a removal is
new and stored as it is: a person may come back.

An event that nobody had read when its person was removed is recognised by whom it names, and what other records of it
were stored before it is emptied then.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import orjson
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from services.event_recorder.acts.removal_rows import EventRemoval
from services.event_recorder.acts.tables import removal_keys, removal_work
from services.event_recorder.core.removal import (
    EventKey,
    digest_of_event,
    digests_in_event,
    digests_in_outcome,
    emptied,
)
from services.event_recorder.core.rows import Reading, TableName
from services.event_recorder.core.run_rows import row_of, run_of
from services.event_recorder.core.runs import Run
from services.event_recorder.database import unavailable
from services.event_recorder.schema import removals
from shared.core.messages.delivery import Trigger

#: Digests in one statement.
_A_STATEMENT = 500


class Storage(Protocol):
    """`writer.Writer`, as far as this needs it."""

    def write(self, readings: Sequence[Reading]) -> list[tuple[int, Exception]]: ...


@dataclass(frozen=True, slots=True)
class _Removed:
    """Of one organization: when somebody was last removed, and the key of digests."""

    last_ms: int
    key: bytes


class RemovalFilter:
    """A `Storage` before another."""

    def __init__(self, engine: Engine, storage: Storage) -> None:
        self._engine = engine
        self._storage = storage

    def write(self, readings: Sequence[Reading]) -> list[tuple[int, Exception]]:
        """Raises DatabaseUnavailable."""
        try:
            with self._engine.begin() as connection:
                removed = _removed(connection)
                if removed:
                    readings = _filtered(connection, removed, readings)
        except SQLAlchemyError as error:
            raise unavailable(error) from error
        return self._storage.write(readings)


def _removed(connection: Connection) -> dict[str, _Removed]:
    asked = (
        select(removal_work.c.organization, func.max(removal_work.c.requested_ms), removal_keys.c.key)
        .join(removal_keys, removal_keys.c.organization == removal_work.c.organization)
        .group_by(removal_work.c.organization, removal_keys.c.key)
    )
    return {
        organization: _Removed(last_ms, bytes.fromhex(key)) for organization, last_ms, key in connection.execute(asked)
    }


def _filtered(
    connection: Connection, removed: Mapping[str, _Removed], readings: Sequence[Reading]
) -> Sequence[Reading]:
    asked = [_asked(removed, reading) for reading in readings]
    known = _known(connection, [each for each in asked if each is not None])
    return [
        reading if about is None else _judged(connection, removed[about.organization], known, reading, about)
        for reading, about in zip(readings, asked, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is asked about one reading: which event it is about, which integration event it is itself, both by digest,
    and whom it names, as digests."""

    organization: str
    accepted_ms: int
    event: str
    keys: Mapping[str, EventKey]
    named: frozenset[str]


_Known = Mapping[tuple[str, str], Any]


def _asked(removed: Mapping[str, _Removed], reading: Reading) -> _Asked | None:
    """Null where it can be about nobody who was removed."""
    about = _told(reading)
    if about is None:
        return None
    organization, event, accepted_ms = about
    of = removed.get(organization)
    if of is None or accepted_ms > of.last_ms:
        return None
    told = [fact.row for fact in reading.facts if fact.table is TableName.INTEGRATION_EVENTS]
    keys = [event, *((str(row["source"]), str(row["id"])) for row in told)]
    digests = [digest_of_event(of.key, key) for key in keys]
    named = frozenset(_named(of.key, reading))
    return _Asked(organization, accepted_ms, digests[0], dict(zip(digests, keys, strict=True)), named)


def _known(connection: Connection, asked: Sequence[_Asked]) -> _Known:
    """Removals by organization and digest."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for each in asked:
        wanted[each.organization] |= {*each.keys, *each.named}
    known: dict[tuple[str, str], Any] = {}
    for organization, digests in wanted.items():
        ordered = sorted(digests)
        for first in range(0, len(ordered), _A_STATEMENT):
            some = removals.c.digest.in_(ordered[first : first + _A_STATEMENT])
            found = connection.execute(select(removals).where(removals.c.organization == organization, some))
            known |= {(organization, row.digest): row for row in found}
    return known


def _judged(connection: Connection, of: _Removed, known: _Known, reading: Reading, about: _Asked) -> Reading:
    found = [known[name] for each in about.named if (name := (about.organization, each)) in known]
    persons = (row for row in found if about.accepted_ms <= row.at_ms)
    removal = known.get((about.organization, about.event)) or next(persons, None)
    if removal is None:
        return reading
    new = [key for digest, key in about.keys.items() if (about.organization, digest) not in known]
    if new:
        # What it led to may stand here already, stored when nobody could know whose it is.
        act = EventRemoval(about.organization, of.key, removal.id.partition("/")[0], removal.by, removal.at_ms)
        act.empty(connection, new)
    facts = tuple(replace(fact, row=emptied(fact.table, fact.row)) for fact in reading.facts)
    return replace(reading, facts=facts, runs=tuple(_emptied_run(run) for run in reading.runs))


def _told(reading: Reading) -> tuple[str, EventKey, int] | None:
    """Organization and event that a reading is about, and when that was accepted; null where it is about none."""
    for run in reading.runs:
        of = run.identity
        # A replay bears the time of its own; what it is about may be older than anything.
        accepted_ms = of.accepted_ms if of.trigger is Trigger.EVENT else 0
        return of.organization, (of.event_source, of.event_id), accepted_ms
    for fact in reading.facts:
        row = fact.row
        if fact.table is TableName.EVENTS:
            return str(row["organization"]), (str(row["source"]), str(row["id"])), int(row["accepted_ms"] or 0)
        if fact.table is TableName.MATCHES:
            event = str(row["event_source"]), str(row["event_id"])
            return str(row["organization"]), event, int(row["accepted_ms"] or 0)
    return None


def _named(key: bytes, reading: Reading) -> set[str]:
    """Digests of whomever a reading names."""
    named: set[str] = set()
    for fact in reading.facts:
        if fact.table is TableName.EVENTS:
            named |= digests_in_event(key, orjson.loads(str(fact.row["document"])))
        elif fact.table is TableName.INTEGRATION_EVENTS:
            named |= digests_in_outcome(key, orjson.loads(str(fact.row["document"])))
        elif fact.table is TableName.MATCHES:
            named |= digests_in_event(key, orjson.loads(str(fact.row["event"])))
    for run in reading.runs:
        named |= digests_in_event(key, {"subject": run.identity.event_subject})
    return named


def _emptied_run(run: Run) -> Run:
    return run_of(emptied(TableName.RUNS, row_of(run)))
