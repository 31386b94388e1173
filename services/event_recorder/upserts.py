"""INSERT … ON CONFLICT: what becomes of a row whose key is there already, chosen by what the table holds.

Every rule is idempotent and, but for sums, indifferent to order, so records may be read again and by several recorders.
A rule also makes a batch ready: one row a key, because PostgreSQL lets a statement meet a row once, and sorted by key,
because two recorders that take locks in one order never wait for each other in a circle.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Insert, Select, Table, and_, case, func, or_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ColumnElement

from services.event_recorder import run_join
from services.event_recorder.core.rows import Row

Condition = Callable[[Any, Any], ColumnElement[bool]]
Assignments = Callable[[Any, Any], Mapping[str, ColumnElement[Any]]]


@dataclass(frozen=True)
class Upsert:
    """How rows come into ``table``. ``columns`` are those that records give; others are set by people's acts.

    Of several rows with one key in a batch the one with the least ``order`` is taken. A row that is there becomes what
    ``assignments`` say where ``condition`` holds; it stays where there are none.
    """

    table: Table
    columns: tuple[str, ...]
    order: Callable[[Row], Any] | None
    assignments: Assignments | None
    condition: Condition | None

    def ready(self, rows: Iterable[Row]) -> list[Row]:
        """One row a key, sorted by key."""
        names = self.table.primary_key.columns.keys()

        def key(row: Row) -> tuple[Any, ...]:
            return tuple(row[name] for name in names)

        if self.order is None:
            return sorted(rows, key=key)
        first = self.order
        by_key = sorted(rows, key=lambda row: (key(row), first(row)))
        return [next(same) for _, same in groupby(by_key, key)]

    def statement(self, dialect: str, source: Select[Any] | None = None) -> Insert:
        """The statement for the engine, from ``source`` or for a list of rows."""
        into = postgresql.insert(self.table) if dialect == "postgresql" else sqlite.insert(self.table)
        insert = into if source is None else into.from_select(self.columns, source)
        if self.assignments is None:
            return insert.on_conflict_do_nothing()
        new, old = insert.excluded, self.table.c
        return insert.on_conflict_do_update(
            index_elements=list(self.table.primary_key.columns),
            set_=dict(self.assignments(new, old)),
            where=None if self.condition is None else self.condition(new, old),
        )


def keeping(table: Table) -> Upsert:
    """The row that is there stays: the same record gave it."""
    return _upsert(table)


def first_on_topic(table: Table, *, besides: Sequence[str] = ()) -> Upsert:
    """Of records with one key the first in the order of the topic counts."""

    def earlier(new: Any, old: Any) -> ColumnElement[bool]:
        return or_(
            new.topic_partition < old.topic_partition,
            and_(new.topic_partition == old.topic_partition, new.topic_offset < old.topic_offset),
        )

    return _upsert(
        table,
        besides=besides,
        order=lambda row: (row["topic_partition"], row["topic_offset"]),
        assignments=_taking_all(table, besides),
        condition=earlier,
    )


def last_by(table: Table, offset: str) -> Upsert:
    """Of records with one key, hence of one partition, the last counts; ``offset`` names the column that tells."""

    def minus_offset(row: Row) -> int:
        position = row[offset]
        return -position if isinstance(position, int) else 0

    return _upsert(
        table,
        order=minus_offset,
        assignments=_taking_all(table),
        condition=lambda new, old: new[offset] > old[offset],
    )


def joining_runs(table: Table) -> Upsert:
    """Accounts of a run are joined; those of one batch have been already."""
    return _upsert(table, assignments=run_join.joined, condition=run_join.adds_something)


def joining_alerts(table: Table, *, besides: Sequence[str]) -> Upsert:
    """An alert lasts from the first to the last of its events, and the last describes it; those of one batch have been
    joined already."""

    def joined(new: Any, old: Any) -> Mapping[str, ColumnElement[Any]]:
        last = or_(new.last_ms > old.last_ms, and_(new.last_ms == old.last_ms, new.description > old.description))
        return {
            "first_ms": case((new.first_ms < old.first_ms, new.first_ms), else_=old.first_ms),
            "last_ms": case((last, new.last_ms), else_=old.last_ms),
            "description": case((last, new.description), else_=old.description),
        }

    return _upsert(table, besides=besides, assignments=joined)


def adding(table: Table, number: str) -> Upsert:
    """Numbers are added up: the only rule that is not idempotent."""
    return _upsert(table, assignments=lambda new, old: {number: func.coalesce(old[number], 0) + new[number]})


def _upsert(
    table: Table,
    *,
    besides: Sequence[str] = (),
    order: Callable[[Row], Any] | None = None,
    assignments: Assignments | None = None,
    condition: Condition | None = None,
) -> Upsert:
    columns = tuple(each.name for each in table.columns if each.name not in besides)
    return Upsert(table, columns, order, assignments, condition)


def _taking_all(table: Table, besides: Sequence[str] = ()) -> Assignments:
    taken = [each.name for each in table.columns if not each.primary_key and each.name not in besides]
    return lambda new, old: {name: new[name] for name in taken}
