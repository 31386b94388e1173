"""What a run found, as a table for people and as JSON for whoever compares runs."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from bench.http_clients.scenario import SCENARIOS, Figure, Scenario


def table(figures: Mapping[str, Sequence[Figure]], missing: Mapping[str, str]) -> Table:
    """One row a candidate, one column a scenario: CPU per request above, requests per second below."""
    made = Table(title="HTTP clients: CPU µs per request · requests/s · connections opened", show_lines=True)
    made.add_column("client")
    for scenario in SCENARIOS:
        made.add_column(_title(scenario), justify="right")
    for name, row in figures.items():
        made.add_row(name, *(_cell(each) for each in row))
    for name, reason in missing.items():
        made.add_row(name, f"not installed: {reason}")
    return made


def as_json(
    figures: Mapping[str, Sequence[Figure]], missing: Mapping[str, str], versions: Mapping[str, str], seconds: float
) -> dict[str, Any]:
    """Everything, with where and when it was measured."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": dict(versions),
        "seconds_a_point": seconds,
        "missing": dict(missing),
        "figures": [each.as_json() for row in figures.values() for each in row],
    }


def machine() -> dict[str, str | int | None]:
    """What the figures depend on."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in _lines(info) if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _title(scenario: Scenario) -> str:
    hosts = "1 host" if scenario.hosts == 1 else f"{scenario.hosts} hosts"
    return f"{'TLS' if scenario.tls else 'plain'}\n{hosts}\n{scenario.in_flight} in flight"


def _cell(figure: Figure) -> str:
    cpu = "-" if figure.cpu_microseconds is None else f"{figure.cpu_microseconds:,.0f} µs"
    opened = "" if figure.opened is None else f"\n{figure.opened:,} opened"
    notes = "".join(f"\n{count:,} {code}" for code, count in figure.errors.items())
    return f"{cpu}\n{figure.per_second:,.0f}/s{' (bounded)' if figure.bounded else ''}{opened}{notes}"
