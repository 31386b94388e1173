"""Where `prometheus` and `promtool` come from: PATH, else Debian's package, unpacked into a cache outside the checkout.

The package needs no installation: two programs that need nothing but the C library. It is fetched by apt as whoever we
are, with lists of its own where the machine has none, so that a fresh machine needs no root and nothing by hand; apt
checks its signature. Like the broker's jars it is unpacked beside its place and renamed, under a lock.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.broker.distribution import lock
from deploy.local.prerequisites import PrerequisiteMissing

_PACKAGE = "prometheus"
_LIMIT_SECONDS = 180.0
_REMEDY = (
    "install Prometheus 2.42 or newer (Debian: apt-get install prometheus), so that prometheus and promtool are on PATH"
)


@dataclass(frozen=True)
class Programs:
    """The server and its tool for checking rules."""

    prometheus: Path
    promtool: Path


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def find_programs(env: Mapping[str, str] = os.environ, progress: Callable[[str], None] = _say) -> Programs:
    """Those of PATH, else of the cache, filled by apt when it is empty.

    `progress` is told in one line what is being fetched. Raises PrerequisiteMissing, with the remedy.
    """
    path = env.get("PATH", "")
    prometheus, promtool = shutil.which("prometheus", path=path), shutil.which("promtool", path=path)
    if prometheus and promtool:
        return Programs(Path(prometheus), Path(promtool))
    cache = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or Path.home(), ".cache"), "hookfleet", _PACKAGE)
    unpacked = cache / "package"
    if not unpacked.is_dir():
        with lock(cache):
            if not unpacked.is_dir():  # another process may have fetched it while this one waited
                progress("fetching Prometheus from Debian's packages, once: 19 MB")
                _fetch(cache, unpacked, env)
    return Programs(unpacked / "usr/bin/prometheus", unpacked / "usr/bin/promtool")


def _fetch(cache: Path, unpacked: Path, env: Mapping[str, str]) -> None:
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program, path=env.get("PATH", "")) is None:
            raise PrerequisiteMissing(
                f"Prometheus is needed here, and without {program} it cannot be fetched: {_REMEDY}."
            )
    download, partial = cache / "download", cache / "package.partial"
    for folder in (download, partial):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    if not _apt(["download", _PACKAGE], download, env, own_lists=None):
        lists = cache / "lists"
        (lists / "partial").mkdir(parents=True, exist_ok=True)
        if not (_apt(["update"], download, env, lists) and _apt(["download", _PACKAGE], download, env, lists)):
            raise PrerequisiteMissing(f"Prometheus is needed here and apt does not give it: {_REMEDY}.")
        shutil.rmtree(lists)
    (package,) = download.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", package, partial], check=True, env=dict(env), timeout=_LIMIT_SECONDS)
    partial.rename(unpacked)
    shutil.rmtree(download)


def _apt(arguments: list[str], folder: Path, env: Mapping[str, str], own_lists: Path | None) -> bool:
    """Whether `apt-get` did it, in ``folder``, with the machine's lists of packages or with lists of our own."""
    options = ["-q", "-o", f"Dir::Cache={folder}"]
    if own_lists is not None:
        options += ["-o", f"Dir::State::Lists={own_lists}"]
    if os.geteuid() == 0:
        # apt would drop to a user that may not write here, and says so at length.
        options += ["-o", "APT::Sandbox::User=root"]
    command = ["apt-get", *options, *arguments]
    done = subprocess.run(command, cwd=folder, env=dict(env), capture_output=True, check=False, timeout=_LIMIT_SECONDS)
    return done.returncode == 0
