"""Connections: one engine that writes, one that reads, and what a failure of the database is called.

The writer takes the write lock when its transaction begins, so what it reads there is what it joins with; readers have
connections of their own and, in WAL mode, see the last commit without waiting for the writer. A commit is flushed to
disk before it returns (synchronous FULL), because offsets are committed after it: a power cut must not undo what Kafka
has been told is safe.
"""

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from shared.core.faults import InfrastructureError

#: Seconds a statement waits for another process's lock before the database counts as unavailable.
LOCK_TIMEOUT_SECONDS = 1.0


class DatabaseUnavailable(InfrastructureError):
    """The database cannot do its part now: locked, full, gone, not yet migrated. Holds no row's values."""


def writing_engine(url: str) -> Engine:
    """For the one thread that stores records."""
    return _engine(url, "BEGIN IMMEDIATE")


def reading_engine(url: str) -> Engine:
    """For queries; it cannot write."""
    engine = _engine(url, "BEGIN")

    @event.listens_for(engine, "connect")
    def refuse_writes(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA query_only = ON")

    return engine


def _engine(url: str, begin: str) -> Engine:
    # Rows hold people's data: no statement's parameters in an error or a log.
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": LOCK_TIMEOUT_SECONDS})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # Python's sqlite3 begins transactions late and by itself; here they begin where SQLAlchemy says.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Any) -> None:
        connection.exec_driver_sql(begin)

    return engine


def is_fault_of_a_row(error: Exception) -> bool:
    """Whether ``error`` is about a value that was to be stored. Everything else that SQLAlchemy raises, a missing table
    included, is the database's or ours: setting records aside would empty the topics into dead letters."""
    return isinstance(error, DataError | IntegrityError) or not isinstance(error, SQLAlchemyError)


def unavailable(error: SQLAlchemyError) -> DatabaseUnavailable:
    """What readiness and logs say about it: the driver's words, never a row's."""
    driver_says = error.orig if isinstance(error, DBAPIError) else error
    return DatabaseUnavailable(f"{type(error).__name__}: {driver_says}")
