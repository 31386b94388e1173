"""Where the broker's jars come from and what a bare machine is told.

Java and Maven are stand-in programs on PATH here; the real ones run in test_local_broker.py.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.broker.distribution import DownloadFailed, find_distribution
from deploy.local.prerequisites import PrerequisiteMissing, find_java, find_maven

SYSTEM_PATH = "/usr/bin:/bin"

MAVEN = """#!/bin/sh
echo called >> "$(dirname "$0")/calls"
for argument; do
    case "$argument" in -DoutputDirectory=*) folder="${argument#*=}" ;; esac
done
mkdir "$folder"
sleep 0.3  # long enough for a second process to arrive
touch "$folder/kafka_2.13-4.9.9.jar"
"""


def program(folder: Path, name: str, text: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(0o755)


def environment(tmp_path: Path, maven: str) -> dict[str, str]:
    program(tmp_path / "bin", "mvn", maven)
    return {"PATH": f"{tmp_path / 'bin'}:{SYSTEM_PATH}", "XDG_CACHE_HOME": str(tmp_path / "cache")}


def silent(_line: str) -> None:
    """A progress listener that keeps nothing."""


def test_a_missing_java_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"^Java 17 .*apt-get install .*KAFKA_BOOTSTRAP_SERVERS.*$"):
        find_java({"PATH": str(tmp_path)})


def test_a_java_home_without_java_is_named(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=f"JAVA_HOME={tmp_path}"):
        find_java({"PATH": SYSTEM_PATH, "JAVA_HOME": str(tmp_path)})


def test_an_old_java_is_named_with_its_version(tmp_path: Path) -> None:
    program(tmp_path, "java", """#!/bin/sh\necho 'openjdk version "11.0.2" 2019-01-15' >&2\n""")
    with pytest.raises(PrerequisiteMissing, match=r"^Java 17 .*/java is Java 11\.0\.2: install.*$"):
        find_java({"PATH": str(tmp_path)})


def test_a_newer_java_is_accepted(tmp_path: Path) -> None:
    program(tmp_path, "java", """#!/bin/sh\necho 'openjdk version "25" 2025-09-16' >&2\n""")
    assert find_java({"PATH": str(tmp_path)}).version == "25"


def test_a_missing_maven_is_one_line_that_offers_kafka_home(tmp_path: Path) -> None:
    with pytest.raises(PrerequisiteMissing, match=r"^Maven is needed .*KAFKA_HOME.*KAFKA_BOOTSTRAP_SERVERS.*$"):
        find_maven({"PATH": str(tmp_path)})


def test_kafka_home_needs_no_maven(tmp_path: Path) -> None:
    jar = tmp_path / "libs" / "kafka_2.13-4.1.0.jar"
    jar.parent.mkdir()
    jar.touch()
    env = {"KAFKA_HOME": str(tmp_path), "PATH": "", "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert find_distribution(env, silent).jars == (jar,)


def test_a_kafka_home_of_another_major_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "libs").mkdir()
    (tmp_path / "libs" / "kafka_2.13-3.9.0.jar").touch()
    with pytest.raises(PrerequisiteMissing, match=f"^KAFKA_HOME={tmp_path} holds no Apache Kafka 4"):
        find_distribution({"KAFKA_HOME": str(tmp_path)}, silent)


def test_jars_are_fetched_once_and_progress_is_told(tmp_path: Path) -> None:
    env = environment(tmp_path, MAVEN)
    told: list[str] = []
    first = find_distribution(env, told.append)
    assert told[0].startswith("Fetching Apache Kafka 4.")
    assert find_distribution(env, told.append) == first
    assert (tmp_path / "bin" / "calls").read_text() == "called\n"


def test_two_processes_at_once_fetch_once(tmp_path: Path) -> None:
    env = os.environ | environment(tmp_path, MAVEN)
    env.pop("KAFKA_HOME", None)
    ask = "import os; from deploy.local.broker.distribution import find_distribution as find; "
    ask += "print(*find(os.environ, lambda _: None).jars)"
    both = [subprocess.Popen([sys.executable, "-c", ask], env=env, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate()[0] for process in both]
    assert answers[0] == answers[1] != "\n"
    assert (tmp_path / "bin" / "calls").read_text() == "called\n"


def test_what_an_interrupted_download_left_is_not_used(tmp_path: Path) -> None:
    env = environment(tmp_path, MAVEN)
    with pytest.raises(DownloadFailed, match="no disk"):
        find_distribution(environment(tmp_path, MAVEN + "echo '[ERROR] no disk'; exit 1"), silent)
    program(tmp_path / "bin", "mvn", MAVEN)
    assert [jar.name for jar in find_distribution(env, silent).jars] == ["kafka_2.13-4.9.9.jar"]
