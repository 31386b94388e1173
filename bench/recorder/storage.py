"""The two databases under measurement: where they are, what is in them, and the CPU of a server beside the recorder."""

from __future__ import annotations

import os
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from deploy.local.postgresql import start_postgresql

ENGINES: Final = ("postgresql", "sqlite")
#: What grows with the records, in the order in which it is told.
TABLES: Final = ("events", "matches", "runs", "attempts", "outcomes", "integration_events", "alerts", "run_statistics")
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Storage:
    """One database. ``server_pid`` is None where there is no server."""

    def __init__(self, engine: str, url: str, server_pid: int | None) -> None:
        self.engine = engine
        self.url = url
        self._server_pid = server_pid
        self._engine = create_engine(url, poolclass=NullPool)

    def version(self) -> str:
        """The database's name and version."""
        if self.engine == "sqlite":
            return f"SQLite {sqlite3.sqlite_version}"
        with self._engine.connect() as connection:
            return "PostgreSQL " + str(connection.scalar(text("SHOW server_version"))).split()[0]

    def rows(self) -> dict[str, int]:
        """Rows of each table."""
        with self._engine.connect() as connection:
            return {each: int(connection.scalar(text(f"SELECT count(*) FROM {each}")) or 0) for each in TABLES}

    def runs_counted(self) -> int:
        """Runs in the statistics, which would show a record that was counted twice."""
        with self._engine.connect() as connection:
            return int(connection.scalar(text("SELECT coalesce(sum(runs), 0) FROM run_statistics")) or 0)

    def server_cpu_seconds(self) -> float:
        """User and system time of the server's processes so far, 0 where there is none."""
        return 0.0 if self._server_pid is None else _cpu_of_tree(self._server_pid)


@contextmanager
def storage(engine: str, env: Mapping[str, str]) -> Iterator[Storage]:
    """An empty database, gone afterwards; a server runs while the context is entered.

    Its folder lies in no folder of ours: a server that does not run as root could not get there, and the name of its
    socket may not be long. Raises ProgramsMissing, PostgreSQLFailed.
    """
    with tempfile.TemporaryDirectory(prefix="hookfleet-db-") as folder:
        if engine == "sqlite":
            yield Storage(engine, f"sqlite:///{folder}/recorder.db", None)
        else:
            with start_postgresql(Path(folder), env=env) as server:
                yield Storage(engine, server.url(), server.pid)


def _cpu_of_tree(pid: int) -> float:
    """Of a process, its children and what has ended of them."""
    stat = (Path("/proc") / str(pid) / "stat").read_text()
    ticks = sum(int(each) for each in stat[stat.rindex(")") + 2 :].split()[11:15])
    seconds = ticks / _TICKS_A_SECOND
    for task in (Path("/proc") / str(pid) / "task").glob("*/children"):
        for child in task.read_text().split():
            try:
                seconds += _cpu_of_tree(int(child))
            except (FileNotFoundError, ProcessLookupError):  # it ended while we looked; its parent has its time
                continue
    return seconds
