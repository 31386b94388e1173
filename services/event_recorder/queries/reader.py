"""Who asks the database: one organization, through snapshots.

A snapshot is one read-only transaction, so that the statements that together make an answer see one state, and none of
them waits for the writer. Every statement names the organization first, as every key and index does.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, FromClause

Found = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Reader:
    """Questions of ``organization`` to a reading engine (`database.reading_engine`)."""

    engine: Engine
    organization: str

    def snapshot(self) -> AbstractContextManager[Connection]:
        """A connection whose statements see one state of the database. Raises SQLAlchemyError when it is away."""
        return self.engine.connect()

    def owns(self, table: FromClause) -> ColumnElement[bool]:
        """The condition that a row of ``table`` belongs to the organization."""
        return table.c.organization == self.organization


def rows_of(snapshot: Connection, statement: Any) -> list[Found]:
    """All rows of a statement that bounds them itself."""
    return [dict(row) for row in snapshot.execute(statement).mappings()]
