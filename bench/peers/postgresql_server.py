"""PostgreSQL on a folder that is thrown away: the newest server installed here, trusted on the loopback interface.

It refuses to run as root; then it runs as the account that its package made, on a folder given to that account. Pages
are not forced to disk (``fsync = off``): what a killed process leaves behind is complete, as with our broker, and a
power cut is nobody's subject here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.peers.unavailable import Unavailable

_ACCOUNT = "postgres"
_REMEDY = "install it (Debian: apt-get install postgresql)"


@dataclass(frozen=True, slots=True)
class PostgreSql:
    """The folder of the server's programs and its version."""

    programs: Path
    version: str

    def prepare(self, folder: Path, env: Mapping[str, str]) -> None:
        """Make a cluster in ``folder``, which exists and holds nothing. Raises Unavailable."""
        if os.geteuid() == 0:
            shutil.chown(folder, _ACCOUNT, _ACCOUNT)
        command = [
            str(self.programs / "initdb"),
            "--auth=trust",
            f"--username={_ACCOUNT}",
            "--no-sync",
            "--encoding=UTF8",
        ]
        answer = subprocess.run(
            _as_account([*command, "-D", str(folder / "data")]),
            env=dict(env),
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise Unavailable(f"PostgreSQL's initdb failed: {' '.join(answer.stderr.split())[-300:]}")

    def command(self, folder: Path, port: int) -> list[str]:
        """The command line of the server on ``folder``."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "fsync": "off",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return _as_account([str(self.programs / "postgres"), "-D", str(folder / "data"), *options])


def address(port: int) -> str:
    """Of its one database, as a URL."""
    return f"postgres://{_ACCOUNT}@127.0.0.1:{port}/postgres?sslmode=disable"


def find_postgresql(env: Mapping[str, str]) -> PostgreSql:
    """The newest installed server. Raises Unavailable when there is none."""
    candidates = list(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if in_path := shutil.which("initdb", path=env.get("PATH", "")):
        candidates.append(Path(in_path))
    servers = [_server(path.resolve().parent) for path in candidates]
    if not servers:
        raise Unavailable(f"PostgreSQL is needed and no initdb was found: {_REMEDY}")
    return max(servers, key=lambda server: [int(part) for part in re.findall(r"\d+", server.version)])


def _server(programs: Path) -> PostgreSql:
    answer = subprocess.run([str(programs / "postgres"), "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\) (\S+)", answer.stdout)
    if found is None:
        raise Unavailable(f"PostgreSQL is needed and {programs}/postgres does not run: {_REMEDY}")
    return PostgreSql(programs, found[1])


def _as_account(command: list[str]) -> list[str]:
    if os.geteuid() != 0:
        return command
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise Unavailable("PostgreSQL refuses to run as root, and there is no setpriv to run it as somebody else")
    # A change of account makes the kernel forget that the child dies with its parent; setpriv asks anew.
    return [setpriv, f"--reuid={_ACCOUNT}", f"--regid={_ACCOUNT}", "--clear-groups", "--pdeathsig=KILL", *command]
