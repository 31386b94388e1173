"""Connections: one engine that writes, one that reads, and what a failure of the database is called.

A commit is flushed to disk before it returns (on SQLite synchronous FULL, on PostgreSQL the server's default), because
offsets are committed after it: a power cut must not undo what Kafka has been told is safe. Readers never wait for the
writer on either engine (WAL, MVCC).

On SQLite the writer takes the one write lock when its transaction begins; other writers wait for it. On PostgreSQL
writers share the tables and wait for each other's rows alone.
"""

from typing import Any

from psycopg import Error as DriverError
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError

from shared.core.faults import InfrastructureError

#: Seconds a statement waits for another writer's lock before the database counts as unavailable.
LOCK_TIMEOUT_SECONDS = 1.0
#: The same on PostgreSQL, where other recorders hold rows for the length of their batch.
_ROW_LOCK_TIMEOUT_SECONDS = 2
_CONNECT_TIMEOUT_SECONDS = 5
#: Seconds until a server that has fallen silent, as one whose machine is gone, counts as lost.
_SILENCE_SECONDS = 20
#: Seconds that a query over HTTP may take; whoever asked has long gone by then.
_QUERY_TIMEOUT_SECONDS = 30
#: People's acts run on threads of the HTTP server too, beside what works on replays and removals.
_WRITERS = 4
#: Queries run on the threads of the HTTP server; so many at once are answered, the others wait their turn.
_READERS = 8

#: SQLSTATE of values that the server refuses: data exceptions, violated constraints, and what a trigger raises.
_FAULTS_OF_A_ROW = ("22", "23", "P0001")
#: A key longer than an index takes is a value's fault, though PostgreSQL files it under its limits.
_KEY_TOO_LONG = "54000"


class DatabaseUnavailable(InfrastructureError):
    """The database cannot do its part now: locked, full, gone, not yet migrated. Holds no row's values."""


class RowRefused(Exception):
    """The database does not take a row. The message is the driver's and holds no other row's values."""


def writing_engine(url: str) -> Engine:
    """For what writes: recording, acts, retention. Each has an engine of its own, so that none waits for another's
    connection."""
    if is_postgresql(url):
        return _postgresql(url, pool_size=_WRITERS, options=f"-c lock_timeout={_ROW_LOCK_TIMEOUT_SECONDS}s")
    return _sqlite(url, "BEGIN IMMEDIATE")


def reading_engine(url: str) -> Engine:
    """For queries; it cannot write."""
    if is_postgresql(url):
        options = (
            f"-c default_transaction_read_only=on -c statement_timeout={_QUERY_TIMEOUT_SECONDS}s"
            # An answer is several statements, and all of them must see one state, as on SQLite.
            r" -c default_transaction_isolation=repeatable\ read"
        )
        # A connection that a restart of the server cut is replaced before a query could fail on it.
        return _postgresql(url, pool_size=_READERS, options=options, pool_pre_ping=True)
    engine = _sqlite(url, "BEGIN")

    @event.listens_for(engine, "connect")
    def refuse_writes(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA query_only = ON")

    return engine


def is_postgresql(url: str) -> bool:
    """Whether the SQLAlchemy URL names the one engine or the other."""
    return make_url(url).get_backend_name() == "postgresql"


def _sqlite(url: str, begin: str) -> Engine:
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


def _postgresql(url: str, *, pool_size: int, options: str, pool_pre_ping: bool = False) -> Engine:
    arguments = {
        "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
        "application_name": "hookfleet-recorder",
        "client_encoding": "utf8",
        "options": options,
        "tcp_user_timeout": _SILENCE_SECONDS * 1000,
        "keepalives_idle": _SILENCE_SECONDS // 2,
        "keepalives_interval": _SILENCE_SECONDS // 4,
        "keepalives_count": 2,
    }
    given = make_url(url).query
    return create_engine(
        url,
        hide_parameters=True,
        # What the URL says itself goes before.
        connect_args={name: value for name, value in arguments.items() if name not in given},
        pool_size=pool_size,
        max_overflow=0,
        pool_pre_ping=pool_pre_ping,
        pool_use_lifo=True,
    )


def is_fault_of_a_row(error: Exception) -> bool:
    """Whether ``error`` is about a value that was to be stored. Everything else that SQLAlchemy or the driver raises, a
    missing table included, is the database's or ours: setting records aside would empty the topics into dead
    letters."""
    said = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(said, DriverError):
        state = said.sqlstate or ""
        return state == _KEY_TOO_LONG or state.startswith(_FAULTS_OF_A_ROW)
    return isinstance(error, DataError | IntegrityError) or not isinstance(error, SQLAlchemyError)


def unavailable(error: SQLAlchemyError | DriverError) -> DatabaseUnavailable:
    """What readiness and logs say about it: the driver's words, never a row's."""
    return DatabaseUnavailable(_words(error))


def refused(error: SQLAlchemyError | DriverError) -> RowRefused:
    """What is said of a record whose row the database does not take."""
    return RowRefused(_words(error))


def _words(error: SQLAlchemyError | DriverError) -> str:
    said = error.orig if isinstance(error, DBAPIError) else error
    # PostgreSQL names the values of a row in what follows its first line.
    words = said.diag.message_primary if isinstance(said, DriverError) and said.diag.message_primary else str(said)
    return f"{type(error).__name__}: {words}"
