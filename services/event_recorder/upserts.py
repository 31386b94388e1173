"""INSERT … ON CONFLICT: the one place that depends on the engine's dialect.

Four rules for a row whose key is there already, chosen by what the table holds. All of them are idempotent, and all but
`replacing` are also indifferent to order; `replacing` is for rows that were joined with what was stored before.
"""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Table, and_, or_
from sqlalchemy.dialects.sqlite import Insert, insert
from sqlalchemy.sql.elements import ColumnElement

Condition = Callable[[Any, Any], ColumnElement[bool]]


def keeping(table: Table) -> Insert:
    """The row that is there stays: the same record gave it."""
    return insert(table).on_conflict_do_nothing()


def replacing(table: Table) -> Insert:
    """The new row takes its place."""
    return _updating(table, None)


def first_on_topic(table: Table) -> Insert:
    """Of records with one key the first in the order of the topic counts."""

    def earlier(new: Any, old: Any) -> ColumnElement[bool]:
        return or_(
            new.topic_partition < old.topic_partition,
            and_(new.topic_partition == old.topic_partition, new.topic_offset < old.topic_offset),
        )

    return _updating(table, earlier)


def last_by(table: Table, offset: str) -> Insert:
    """Of records with one key, hence of one partition, the last counts; ``offset`` names the column that tells."""
    return _updating(table, lambda new, old: new[offset] > old[offset])


def _updating(table: Table, condition: Condition | None) -> Insert:
    statement = insert(table)
    return statement.on_conflict_do_update(
        index_elements=list(table.primary_key.columns),
        set_={each.name: statement.excluded[each.name] for each in table.columns if not each.primary_key},
        where=None if condition is None else condition(statement.excluded, table.c),
    )
