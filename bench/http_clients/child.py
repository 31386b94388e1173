"""The other end of `bench.http_clients.one_candidate`: starts it, again where it ended early, and gathers figures."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.http_clients.scenario import SCENARIOS, Figure


@dataclass(slots=True)
class Found:
    """What came of one candidate. ``missing`` says why it could not be measured."""

    missing: str | None = None
    versions: dict[str, str] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)


def measure(options: dict[str, Any]) -> Found:
    """Measure in every scenario. Raises subprocess.CalledProcessError when the candidate fails altogether."""
    found = Found()
    while found.missing is None and len(found.figures) < len(SCENARIOS):
        left = [asdict(scenario) for scenario in SCENARIOS[len(found.figures) :]]
        _run({**options, "scenarios": left}, found)
    return found


def _run(options: dict[str, Any], found: Found) -> None:
    command = [sys.executable, "-m", "bench.http_clients.one_candidate", json.dumps(options)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    for line in output.splitlines():
        match json.loads(line):
            case {"missing": reason}:
                found.missing = reason
            case {"versions": versions}:
                found.versions = versions
            case {"figure": figure}:
                found.figures.append(Figure.from_json(figure))
