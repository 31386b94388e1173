"""Topics and users read by Strimzi's own classes, fetched by Maven: its CRDs are in no package registry, its API is.

What a class does not know, cannot parse or has no word for is a fault. What only a CRD would say (bounds of a number,
what must be given) is not judged.
"""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from deploy.checks.core.workloads import Document
from deploy.local.prerequisites import PrerequisiteMissing, find_java, find_maven
from deploy.programs.go_programs import BuildFailed
from deploy.programs.kept_builds import kept

_POM: Final = Path(__file__).parent / "strimzi" / "pom.xml"
_PROGRAM: Final = _POM.with_name("Reading.java")
_GROUP: Final = "kafka.strimzi.io/"


def version() -> str:
    """Of Strimzi, as pom.xml has it."""
    found = ElementTree.fromstring(_POM.read_bytes()).findtext("{*}properties/{*}strimzi.version")
    assert found is not None
    return found


def reads(document: Document) -> bool:
    """Whether it is one of Strimzi's resources."""
    return str(document["apiVersion"]).startswith(_GROUP)


def misread(documents: Sequence[Document], env: Mapping[str, str], progress: Callable[[str], None]) -> Iterator[str]:
    """One sentence for each thing that Strimzi would not understand. Raises BuildFailed."""
    jars = _jars(env, progress)
    try:
        java = find_java(env).executable
    except PrerequisiteMissing as missing:
        raise BuildFailed(str(missing)) from None
    answer = subprocess.run(
        [java, "-cp", f"{jars}/*", _PROGRAM],
        env=dict(env),
        input=json.dumps(list(documents)),
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise BuildFailed(f"{_PROGRAM.name} did not run: {' '.join(answer.stderr.split())[-300:]}")
    for line in answer.stdout.splitlines():
        index, _, sentence = line.partition("\t")
        document = documents[int(index)]
        yield f"{document['kind']} {document['metadata']['name']}: {sentence}"


def _jars(env: Mapping[str, str], progress: Callable[[str], None]) -> Path:
    def fetch(folder: Path) -> None:
        try:
            maven = find_maven(env)
        except PrerequisiteMissing as missing:
            raise BuildFailed(str(missing)) from None
        progress(f"Fetching Strimzi {version()}'s classes with Maven, once (about 20 MB) ...")
        command = [str(maven), "--batch-mode", "--quiet", "--file", str(_POM)]
        command += ["dependency:copy-dependencies", f"-DoutputDirectory={folder}"]
        answer = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            raise BuildFailed(f"Maven could not fetch Strimzi's classes: {' '.join(answer.stdout.split())[-300:]}")

    return kept("strimzi", [_POM.read_bytes()], env, fetch)
