"""What the machine must bring for a local broker: Java 17 and, once, Maven.

Asked for only where a broker is about to be started, so that a fleet on another cluster needs neither.
A missing part is one line that says what to install or what to point at instead. Python itself is checked
earlier, by prerequisites.sh, because this module already needs it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

OLDEST_JAVA = 17
"""Kafka 4 brokers are compiled for Java 17."""

_USE_A_CLUSTER = "or use a running cluster with KAFKA_BOOTSTRAP_SERVERS=host:port"


class PrerequisiteMissing(Exception):
    """Something the machine should bring is not there; the message is one line with the remedy."""


@dataclass(frozen=True)
class Java:
    """A Java that can run the broker, with its full version (such as `17.0.15`)."""

    executable: Path
    version: str


def find_java(env: Mapping[str, str]) -> Java:
    """The Java of JAVA_HOME, else of PATH.

    Raises PrerequisiteMissing when there is none, it does not run, or it is too old.
    """
    remedy = f"install it (Debian: apt-get install openjdk-17-jre-headless), {_USE_A_CLUSTER}."
    needed = f"Java {OLDEST_JAVA} or newer is needed to run Apache Kafka here"
    if home := env.get("JAVA_HOME"):
        found = shutil.which("java", path=str(Path(home, "bin")))
        place = f"JAVA_HOME={home}"
    else:
        found = shutil.which("java", path=env.get("PATH", ""))
        place = "PATH"
    if found is None:
        raise PrerequisiteMissing(f"{needed} and none was found in {place}: {remedy}")
    answer = subprocess.run([found, "-version"], env=dict(env), capture_output=True, text=True, check=False)
    match = re.search(r'version "((\d+)[^"]*)"', answer.stderr)
    if match is None:
        raise PrerequisiteMissing(f"{needed} and {found} does not say its version: {remedy}")
    if int(match[2]) < OLDEST_JAVA:
        raise PrerequisiteMissing(f"{needed} and {found} is Java {match[1]}: {remedy}")
    return Java(Path(found), match[1])


def find_maven(env: Mapping[str, str]) -> Path:
    """The Maven of PATH. Raises PrerequisiteMissing when there is none."""
    found = shutil.which("mvn", path=env.get("PATH", ""))
    if found is None:
        raise PrerequisiteMissing(
            "Maven is needed once to fetch Apache Kafka and no mvn was found in PATH: install it "
            "(Debian: apt-get install maven), or name an unpacked Kafka 4 with KAFKA_HOME=/path, "
            f"{_USE_A_CLUSTER}."
        )
    return Path(found)
