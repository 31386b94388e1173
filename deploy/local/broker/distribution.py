"""Where the broker's jars come from: KAFKA_HOME, else Maven, once, into a cache outside the checkout.

The cache folder carries the Kafka version and a digest of pom.xml, so a changed pom never meets old jars.
Jars are fetched into a neighbour folder that is renamed when complete, under a file lock: an interrupted
download leaves nothing that looks finished, and of two processes one fetches and the other waits.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.local.broker.child_process import dying_with_us
from deploy.local.prerequisites import PrerequisiteMissing, find_maven

_POM = Path(__file__).with_name("pom.xml")


class DownloadFailed(Exception):
    """Maven could not resolve the broker's jars; the message holds what Maven said."""


@dataclass(frozen=True)
class Distribution:
    """The jars of one broker, and the folder where what is derived from them may be kept."""

    jars: tuple[Path, ...]
    cache: Path

    @property
    def classpath(self) -> str:
        """The jars as a Java class path, always in the same order (a class archive depends on it)."""
        return ":".join(str(jar) for jar in self.jars)


def find_distribution(env: Mapping[str, str], progress: Callable[[str], None]) -> Distribution:
    """The jars of KAFKA_HOME when it is set, else of the cache, filled by Maven when it is empty.

    `progress` is told in one line each what is being fetched. Raises PrerequisiteMissing when KAFKA_HOME
    holds no broker or Maven is needed and missing, DownloadFailed when Maven fails.
    """
    root = Path(env.get("XDG_CACHE_HOME") or Path(env.get("HOME") or Path.home(), ".cache"), "hookfleet")
    if home := env.get("KAFKA_HOME"):
        jars = tuple(sorted(Path(home, "libs").glob("*.jar")))
        if not any(jar.name.startswith("kafka_2.13-4.") for jar in jars):
            raise PrerequisiteMissing(
                f"KAFKA_HOME={home} holds no Apache Kafka 4 (no libs/kafka_2.13-4.*.jar): point it at an "
                "unpacked distribution, or unset it to have Maven fetch one."
            )
        digest = hashlib.sha256(str(jars).encode()).hexdigest()[:8]
        return Distribution(jars, root / f"kafka-home-{digest}")
    pom = _POM.read_bytes()
    version = ElementTree.fromstring(pom).findtext("{*}properties/{*}kafka.version")
    cache = root / f"kafka-{version}-{hashlib.sha256(pom).hexdigest()[:8]}"
    libs = cache / "libs"
    if not libs.is_dir():
        with lock(cache):
            if not libs.is_dir():  # another process may have fetched them while this one waited
                _fetch(libs, f"Apache Kafka {version}", env, progress)
    return Distribution(tuple(sorted(libs.glob("*.jar"))), cache)


@contextmanager
def lock(cache: Path) -> Iterator[None]:
    """Hold the cache folder alone, across processes; the kernel gives the lock back when its holder dies."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(libs: Path, what: str, env: Mapping[str, str], progress: Callable[[str], None]) -> None:
    maven = find_maven(env)
    partial = libs.with_name("libs.partial")
    shutil.rmtree(partial, ignore_errors=True)
    progress(f"Fetching {what} with Maven, once (about 45 MB) ...")
    command = [str(maven), "--batch-mode", "--file", str(_POM)]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={partial}"]
    said: list[str] = []
    fetched = 0
    with subprocess.Popen(
        dying_with_us(command), env=dict(env), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if "Downloaded from" in line and ".jar" in line:
                fetched += 1
                if fetched % 20 == 0:
                    progress(f"  {fetched} files ...")
    if process.returncode != 0:
        errors = [line for line in said if "ERROR" in line] or said[-10:]
        raise DownloadFailed(f"Maven could not fetch {what}:\n{''.join(errors[:10])}".rstrip())
    partial.rename(libs)
    progress(f"Fetched {what}.")
