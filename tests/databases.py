"""A real PostgreSQL for tests, and databases of their own on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from deploy.local.postgresql import PostgreSQL, start_postgresql
from services.event_recorder.database import writing_engine
from services.event_recorder.migrate import migrate

#: Every test of the recorder's storage is for both.
ENGINES = ("sqlite", "postgresql")


class Databases:
    """Makes databases on a running server: empty ones, or with the recorder's tables, copied from one that has them."""

    def __init__(self, server: PostgreSQL) -> None:
        self.server = server
        self._admin: Engine = create_engine(server.url(), isolation_level="AUTOCOMMIT", pool_pre_ping=True)
        self._numbers = count(1)
        self._migrated: str | None = None

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of an empty database, dropped afterwards."""
        name = self._create("template0")
        yield self.server.url(name)
        self._drop(name)

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """The URL of a database with the recorder's tables, dropped afterwards."""
        if self._migrated is None:
            self._migrated = self._create("template0")
            engine = writing_engine(self.server.url(self._migrated))
            migrate(engine)
            engine.dispose()
        name = self._create(self._migrated)
        yield self.server.url(name)
        self._drop(name)

    def _create(self, template: str) -> str:
        name = f"test_{next(self._numbers)}"
        self._do(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def _drop(self, name: str) -> None:
        self._do(f"DROP DATABASE {name} WITH (FORCE)")

    def _do(self, statement: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(statement))

    def close(self) -> None:
        self._admin.dispose()


@contextmanager
def databases() -> Iterator[Databases]:
    """A server with databases, gone afterwards. Its folder's name is short: a socket's path may not be long."""
    with tempfile.TemporaryDirectory(prefix="hookfleet-pg-") as folder, start_postgresql(Path(folder)) as server:
        made = Databases(server)
        yield made
        made.close()
