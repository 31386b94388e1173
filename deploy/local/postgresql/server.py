"""Starts, crashes and ends one server; its folder is the caller's.

In the folder: ``data/``, the socket, and the log of this start. Starting again on the same folder finds the same
databases at the same URL, also after `kill()`: what was committed is in the page cache, which outlives a process.
PostgreSQL refuses to run as root; started by root it runs as the user ``postgres``, else ``nobody``, to whom the folder
is given.
"""

from __future__ import annotations

import os
import pwd
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.broker.child_process import start_child
from deploy.local.postgresql.programs import find_programs

START_LIMIT = 30.0
"""Seconds until a server must answer; about 0.2 are usual, recovery after a crash takes longer."""

STOP_LIMIT = 20.0
"""Seconds for a fast shutdown before it is killed."""

OWNER = "hookfleet"
_LOG_LINES_SHOWN = 15
_ROOT = 0
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    # A crash of the server must not be remembered in memory segments that nobody clears.
    "dynamic_shared_memory_type": "mmap",
}


class PostgreSQLFailed(Exception):
    """The server did not start; the message ends with the last lines of its log."""


class PostgreSQL:
    """A running server. As a context manager it is stopped on leaving."""

    def __init__(self, folder: Path, programs: Path, user: str | None, process: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self._programs = programs
        self._user = user
        self._process = process

    def url(self, database: str = "postgres") -> str:
        """SQLAlchemy's URL of a database of this server."""
        return f"postgresql+psycopg://{OWNER}@/{database}?host={self.folder}"

    @property
    def pid(self) -> int:
        return self._process.pid

    def stop(self) -> None:
        """End it: connections are cut, what is committed is kept. Stopping twice is harmless."""
        if self._process.poll() is None:
            self._process.send_signal(2)  # SIGINT: "fast" in PostgreSQL's words
            try:
                self._process.wait(STOP_LIMIT)
            except subprocess.TimeoutExpired:
                self.kill()

    def kill(self) -> None:
        """End at once, as a crash does (SIGKILL)."""
        self._process.kill()
        self._process.wait()

    def start_again(self) -> None:
        """Start after `stop` or `kill`, at the same URL. Raises PostgreSQLFailed."""
        self._process = _launch(self.folder, self._programs, self._user)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start_postgresql(folder: Path, *, env: Mapping[str, str] = os.environ) -> PostgreSQL:
    """Start a server in ``folder`` (made if missing, and then its own) and return it when it answers.

    The folder's path must be short (some 80 characters): it becomes a socket's name. Raises ProgramsMissing,
    PostgreSQLFailed.
    """
    programs = find_programs(env)
    user = _unprivileged_user() if os.geteuid() == _ROOT else None
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if user is not None:
        owner = pwd.getpwnam(user)
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    if not (folder / "data").is_dir():
        _make_cluster(folder, programs, user)
    return PostgreSQL(folder, programs, user, _launch(folder, programs, user))


def _unprivileged_user() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _environment(folder: Path) -> dict[str, str]:
    # Nothing of the shell's: PGDATA, PGPORT and the like would change what is meant here.
    return {"HOME": str(folder), "LC_ALL": "C", "TZ": "UTC"}


def _make_cluster(folder: Path, programs: Path, user: str | None) -> None:
    """Write the data into a neighbour folder and rename it, so that half a cluster is never found."""
    partial, output = folder / "data.partial", folder / "initdb.log"
    command = [str(programs / "initdb"), f"--pgdata={partial}", f"--username={OWNER}", "--encoding=UTF8"]
    command += ["--locale=C", "--auth-local=trust", "--auth-host=reject", "--no-sync", "--no-instructions"]
    code = start_child(command, env=_environment(folder), directory=folder, output=output, user=user).wait()
    if code != 0:
        raise PostgreSQLFailed(f"PostgreSQL's data could not be made (exit code {code}).{_tail(output)}")
    partial.rename(folder / "data")


def _launch(folder: Path, programs: Path, user: str | None) -> subprocess.Popen[bytes]:
    settings = {**_SETTINGS, "unix_socket_directories": str(folder)}
    command = [str(programs / "postgres"), "-D", str(folder / "data")]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    log = folder / "server.log"
    deadline = time.monotonic() + START_LIMIT
    while True:
        process = start_child(command, env=_environment(folder), directory=folder, output=log, user=user)
        try:
            if _answers_before(deadline, process, folder, log):
                return process
        except BaseException:
            process.kill()
            raise
        # Backends of a killed predecessor hold the data for the moment they need to notice.
        time.sleep(0.1)


def _answers_before(deadline: float, process: subprocess.Popen[bytes], folder: Path, log: Path) -> bool:
    """True when the server takes connections, False when it must be started again."""
    while "ready to accept connections" not in log.read_text(errors="replace"):
        if (code := process.poll()) is not None:
            if "still in use" in log.read_text(errors="replace") and time.monotonic() < deadline:
                return False
            raise PostgreSQLFailed(f"PostgreSQL ended with exit code {code} while starting.{_tail(log)}")
        if time.monotonic() > deadline:
            raise PostgreSQLFailed(f"PostgreSQL gave no answer in {START_LIMIT:.0f} s.{_tail(log)}")
        time.sleep(0.01)
    return True


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
    return "\n".join([f" The last lines of {log}:", *lines])
