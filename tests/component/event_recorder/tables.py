"""What stands in a database, for comparing two of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, select

from services.event_recorder.retention_floors import retention_floors
from services.event_recorder.schema import metadata

Contents = dict[str, list[tuple[Any, ...]]]


def contents(engine: Engine) -> Contents:
    """Every row of every table that time alone does not change, in the order of its key."""
    with engine.connect() as connection:
        return {
            table.name: [tuple(row) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]
            for table in metadata.sorted_tables
            if table is not retention_floors
        }


def empty(engine: Engine) -> None:
    """Delete every row."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
