"""Prometheus' own tool on the rules: they are valid, and each alert has cases that fire and cases that stay silent."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.local.monitoring.core.quick_rules import quick
from deploy.local.monitoring.programs import Programs, find_programs
from deploy.local.monitoring.prometheus_server import MONITORING, rule_files

RULES = rule_files()
RULE_TESTS = sorted((MONITORING / "rule_tests").glob("*.yaml"))
RUNBOOKS = Path(MONITORING.parents[1], "docs/operations/alerts.md")


@pytest.fixture(scope="module")
def programs() -> Programs:
    return find_programs()


def alerts() -> Iterator[dict[str, Any]]:
    for file in RULES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            yield from (rule for rule in group["rules"] if "alert" in rule)


def promtool(programs: Programs, *arguments: str | Path) -> None:
    done = subprocess.run([programs.promtool, *arguments], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_finds_no_fault_in_the_rules(programs: Programs) -> None:
    promtool(programs, "check", "rules", *RULES)


def test_every_case_fires_or_stays_silent_as_it_says(programs: Programs) -> None:
    promtool(programs, "test", "rules", *RULE_TESTS)


def test_a_case_that_expects_what_does_not_happen_is_noticed(programs: Programs, tmp_path: Path) -> None:
    """The tool's word is worth something: with the threshold raised, a case fails."""
    work = (MONITORING / "rules" / "work.yaml").read_text()
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "work.yaml").write_text(work.replace("> 5 * 60", "> 500 * 60"))
    (tmp_path / "rule_tests").mkdir()
    case = tmp_path / "rule_tests" / "work.yaml"
    case.write_text((MONITORING / "rule_tests" / "work.yaml").read_text())
    with pytest.raises(AssertionError, match="HookfleetWorkOverdue"):
        promtool(programs, "test", "rules", case)


def test_every_alert_has_a_case_that_fires_and_one_that_is_silent() -> None:
    fires: set[str] = set()
    silent: set[str] = set()
    for file in RULE_TESTS:
        for test in yaml.safe_load(file.read_text())["tests"]:
            for case in test["alert_rule_test"]:
                (fires if case["exp_alerts"] else silent).add(case["alertname"])
    names = {alert["alert"] for alert in alerts()}
    assert names - fires == set(), "never seen firing"
    assert names - silent == set(), "never seen silent"


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_what_happens_and_what_to_do(alert: dict[str, Any]) -> None:
    name = alert["alert"]
    assert alert["labels"]["severity"] in ("page", "ticket")
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"https://runbooks.invalid/alerts.md#{name.lower()}"
    sections = re.split(r"^## ", RUNBOOKS.read_text(), flags=re.MULTILINE)
    (section,) = (each for each in sections if each.startswith(f"{name}\n"))
    for heading in ("**Means**", "**Costs**", "**Look at**", "**Do**"):
        assert heading in section, f"the runbook of {name} lacks {heading}"


def test_no_runbook_is_left_of_an_alert_that_is_gone() -> None:
    written = set(re.findall(r"^## (Hookfleet\w+)$", RUNBOOKS.read_text(), flags=re.MULTILINE))
    assert written == {alert["alert"] for alert in alerts()}


def test_rules_in_a_hurry_differ_by_their_durations_alone(programs: Programs, tmp_path: Path) -> None:
    for file in RULES:
        (tmp_path / file.name).write_text(quick(file.read_text()))
    promtool(programs, "check", "rules", *tmp_path.glob("*.yaml"))
    assert quick("rate(x[5m] offset 1h) > 5 * 60\n    for: 10m\n") == "rate(x[5s] offset 60s) > 6\n    for: 10s\n"
    assert quick("a < 14 * 24 * 60 * 60") == f"a < {14 * 24 * 60}"
    assert quick("b > 14.4 * 0.001 and c > 0.5") == "b > 14.4 * 0.001 and c > 0.5"
    assert quick("record: hookfleet:x:ratio_rate5m\n") == "record: hookfleet:x:ratio_rate5m\n"
