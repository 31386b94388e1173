"""Many rows into one table: a list of parameters on SQLite, COPY through a temporary table on PostgreSQL.

COPY took a third of the client's CPU of a list of parameters at the same 50,000 rows a second. It cannot say what
happens when a key is there, hence the temporary table, which the server empties with every commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, MetaData, Table, select
from sqlalchemy.schema import CreateTable

from services.event_recorder.core.rows import Row
from services.event_recorder.upserts import Upsert


def write_rows(connection: Connection, upsert: Upsert, rows: Sequence[Row]) -> None:
    """Store ``rows``, sorted and one a key, each by a statement's parameters."""
    connection.execute(_listed(upsert, connection.dialect.name), rows)


def write_many_rows(connection: Connection, upsert: Upsert, rows: Sequence[Row]) -> None:
    """Store ``rows``, sorted and one a key, in the engine's fastest way; once a table in a transaction."""
    if connection.dialect.name != "postgresql":
        write_rows(connection, upsert, rows)
        return
    staging = _staging(upsert)
    # A failed transaction takes the table with it, so every one asks for it.
    connection.execute(staging.create)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(staging.copy) as copy:
        for row in rows:
            copy.write_row([row[name] for name in upsert.columns])
    # A temporary table is read in the order in which it was written: sorted.
    connection.execute(staging.insert)


@dataclass(frozen=True)
class _Staging:
    """The three statements by which rows come into a table."""

    create: Executable
    copy: str
    insert: Executable


@cache
def _listed(upsert: Upsert, dialect: str) -> Executable:
    return upsert.statement(dialect)


@cache
def _staging(upsert: Upsert) -> _Staging:
    staged = Table(
        f"staged_{upsert.table.name}",
        MetaData(),
        *(each._copy() for each in upsert.table.columns if each.name in upsert.columns),
        prefixes=["TEMPORARY"],
        postgresql_on_commit="DELETE ROWS",
    )
    names = ", ".join(f'"{name}"' for name in upsert.columns)
    return _Staging(
        CreateTable(staged, if_not_exists=True),
        f"COPY {staged.name} ({names}) FROM STDIN",
        upsert.statement("postgresql", select(*(staged.c[name] for name in upsert.columns))),
    )
