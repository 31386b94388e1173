"""Redis: the server of PATH, else Debian's packages unpacked into our cache, which needs no rights and changes nothing.

As packaged but for persistence: no snapshots and no append-only file, in favour of whoever uses it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.peers.unavailable import Unavailable
from deploy.programs.kept_builds import kept

_PACKAGES = ("redis-server", "redis-tools", "libjemalloc2", "liblzf1")
_REMEDY = "install it (Debian: apt-get install redis-server)"


@dataclass(frozen=True, slots=True)
class Redis:
    """A server program, the environment it needs and its version."""

    program: Path
    env: dict[str, str]
    version: str

    def command(self, port: int) -> list[str]:
        """The command line of a server on the loopback interface that keeps nothing."""
        return [
            str(self.program),
            *("--bind", "127.0.0.1", "--port", str(port)),
            *("--save", "", "--appendonly", "no", "--daemonize", "no"),
        ]


def find_redis(env: Mapping[str, str], progress: Callable[[str], None]) -> Redis:
    """Raises Unavailable when there is none and none can be unpacked."""
    if found := shutil.which("redis-server", path=env.get("PATH", "")):
        return _redis(Path(found), dict(env))

    def unpack(folder: Path) -> None:
        _unpack(folder, env, progress)

    folder = kept("redis", [name.encode() for name in _PACKAGES], env, unpack)
    libraries = ":".join(str(path) for path in (folder / "usr" / "lib").glob("*-linux-gnu"))
    return _redis(folder / "usr" / "bin" / "redis-server", {**env, "LD_LIBRARY_PATH": libraries})


def _redis(program: Path, env: dict[str, str]) -> Redis:
    answer = subprocess.run([str(program), "--version"], env=env, capture_output=True, text=True, check=False)
    found = re.search(r"v=(\S+)", answer.stdout)
    if found is None:
        raise Unavailable(f"Redis is needed and {program} does not run: {_REMEDY}")
    return Redis(program, env, found[1])


def _unpack(folder: Path, env: Mapping[str, str], progress: Callable[[str], None]) -> None:
    apt, dpkg = (shutil.which(name, path=env.get("PATH", "")) for name in ("apt-get", "dpkg-deb"))
    if apt is None or dpkg is None:
        raise Unavailable(f"Redis is needed and no redis-server was found in PATH: {_REMEDY}")
    progress("Fetching Redis from Debian's packages, once ...")
    answer = subprocess.run(
        [apt, "download", *_PACKAGES], cwd=folder, env=dict(env), capture_output=True, text=True, check=False
    )
    packages = sorted(folder.glob("*.deb"))
    if answer.returncode != 0 or len(packages) != len(_PACKAGES):
        raise Unavailable(f"Redis is needed and apt-get could not fetch it (apt-get update first, or {_REMEDY})")
    for package in packages:
        subprocess.run([dpkg, "-x", str(package), str(folder)], check=True)
        package.unlink()
