"""Grafana's dashboards: written from their source, in the form that Grafana's own model reads, about metrics there are.

That Grafana shows them is not tested: no package registry holds one. Its schema is, by the typed reader that its makers
publish, and every query is run against a live Prometheus and PostgreSQL (`tests/faults/test_alerts.py`).
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from prometheus_client import REGISTRY

from deploy.local.monitoring.prometheus_server import MONITORING, rule_files
from deploy.monitoring.__main__ import dashboards
from shared.adapters import metrics

#: What Prometheus and its client library add.
BUILT_IN = {"up", "ALERTS", "process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"}
_METRIC = re.compile(r"\b(?:hookfleet[:_][a-z0-9_:]+|process_[a-z_]+|up|ALERTS)\b(?!\s*=)")
FILES = dashboards()


def names_in(expression: str) -> set[str]:
    return set(_METRIC.findall(re.sub(r'"[^"]*"', '""', expression)))


def recorded() -> set[str]:
    return {rule["record"] for rule in rules() if "record" in rule}


def rules() -> Iterator[dict[str, Any]]:
    for file in rule_files():
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from group["rules"]


def exposed() -> set[str]:
    """Names of series that our processes have."""
    assert metrics.render(None)
    names = set()
    for family in REGISTRY.collect():
        names.add(family.name)
        if family.type == "counter":
            names.add(f"{family.name}_total")
        if family.type == "histogram":
            names |= {f"{family.name}_{part}" for part in ("bucket", "count", "sum")}
    return names


def expressions(document: dict[str, Any]) -> list[str]:
    return [target["expr"] for panel in document["panels"] for target in panel.get("targets", ()) if "expr" in target]


def test_every_metric_in_a_rule_or_a_dashboard_exists() -> None:
    used: set[str] = set()
    for rule in rules():
        used |= names_in(rule["expr"])
    for text in FILES.values():
        for expression in expressions(json.loads(text)):
            used |= names_in(expression)
    assert len(used) > 40
    assert used - exposed() - recorded() - BUILT_IN == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_dashboard_is_what_its_source_says(file: Path) -> None:
    assert file.read_text() == FILES[file], "run: python -m deploy.monitoring"


def test_no_dashboard_is_left_without_a_source() -> None:
    (folder,) = {file.parent for file in FILES}
    assert set(folder.glob("*.json")) == set(FILES)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_grafanas_own_model_reads_every_word_of_it(file: Path) -> None:
    """A name it does not know, or a value where another form belongs, would be missing from what it writes."""
    register_default_plugins()
    document = json.loads(file.read_text())
    again = json.loads(json.dumps(Dashboard.from_json(document), cls=JSONEncoder))
    assert list(missing(document, again)) == []


def test_what_grafana_does_not_know_is_noticed() -> None:
    """The model's word is worth something."""
    register_default_plugins()
    document = json.loads(next(iter(FILES.values())))
    panel = document["panels"][1]
    panel["colour"] = panel["targets"][0]["promql"] = panel["fieldConfig"]["defaults"]["units"] = "x"
    again = json.loads(json.dumps(Dashboard.from_json(document), cls=JSONEncoder))
    assert [each.rpartition(".")[2] for each in missing(document, again)] == ["promql", "units", "colour"]


def missing(said: Any, understood: Any, where: str = "") -> Iterator[str]:
    if isinstance(said, dict) and isinstance(understood, dict):
        for name, value in said.items():
            if name in understood:
                yield from missing(value, understood[name], f"{where}.{name}")
            elif value is not None:
                yield f"{where}.{name}"
    elif isinstance(said, list) and isinstance(understood, list) and len(said) == len(understood):
        for place, (one, other) in enumerate(zip(said, understood, strict=True)):
            yield from missing(one, other, f"{where}[{place}]")
    elif said != understood:
        yield f"{where}: {said!r} became {understood!r}"


def test_a_user_who_may_read_what_the_page_grants_can_ask_everything() -> None:
    page = (MONITORING.parents[1] / "docs/operations/metrics.md").read_text()
    (granted,) = re.findall(r"GRANT SELECT ON ([\w, ]+) TO", page)
    asked: set[str] = set()
    for text in FILES.values():
        sql = " ".join(re.findall(r'"(?:rawSql|query)": "(.*)"', text))
        asked |= set(re.findall(r"(?:FROM|JOIN) (\w+)", sql))
    # What a statement names itself is no table.
    assert asked - {"counted", "ranked", "ended", "percentiles"} == set(granted.split(", "))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_panels_have_an_explanation_and_do_not_overlap(file: Path) -> None:
    taken: set[tuple[int, int]] = set()
    numbers = []
    for panel in json.loads(file.read_text())["panels"]:
        numbers.append(panel["id"])
        assert panel["type"] == "row" or panel["description"], panel["title"]
        grid = panel["gridPos"]
        cells = {
            (x, y) for x in range(grid["x"], grid["x"] + grid["w"]) for y in range(grid["y"], grid["y"] + grid["h"])
        }
        assert max(x for x, _ in cells) < 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len(numbers) == len(set(numbers))
