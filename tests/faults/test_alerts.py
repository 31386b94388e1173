"""A real Prometheus watches a running fleet: its metrics are there and move, dashboards' questions have answers, and
alerts fire when parts are broken and clear when they are mended.

The rules are those that are deployed, with a minute counted as a second (`deploy.local.monitoring.core.quick_rules`).
One fleet for all tests here, in the order of this file: healthy first, broken last.
"""

import json
import re
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from deploy.cli.api_client import ApiClient, Refused
from deploy.local.monitoring.alert_trial import BREAKS, AlertTrial
from deploy.local.monitoring.breakable_fleet import BreakableFleet
from deploy.local.monitoring.prometheus_server import MONITORING
from tests.component.dispatcher.loopback_certificates import Authority
from tests.waiting import wait_for

DASHBOARDS = sorted((MONITORING / "dashboards").glob("*.json"))
#: Counters that nothing here increments, and where their being counted is tested.
MOVED_ELSEWHERE = {
    "hookfleet_quota_refusals_total": "tests/component/ingest/test_quota.py",
    "hookfleet_config_fenced_total": "tests/component/ingest/test_config_writer.py",
    "hookfleet_token_requests_total": "tests/unit/dispatcher/test_oauth_tokens.py",
    "hookfleet_duplicates_skipped_total": "tests/component/dispatcher/test_sender.py",
}


@pytest.fixture(scope="module")
def scene() -> Iterator[BreakableFleet]:
    with tempfile.TemporaryDirectory(prefix="hookfleet-") as folder, BreakableFleet(Path(folder)) as running:
        yield running


def names(scene: BreakableFleet, selector: str) -> set[str]:
    return {series["metric"]["__name__"] for series in scene.prometheus.query(selector)}


def explained() -> dict[str, str]:
    """Every metric of the operators' page, with its type."""
    page = (MONITORING.parents[1] / "docs/operations/metrics.md").read_text()
    return dict(re.findall(r"^\| `(hookfleet_\w+)` \| (\w+) \|", page, flags=re.MULTILINE))


def test_every_metric_is_scraped_from_a_running_fleet(scene: BreakableFleet, tmp_path: Path) -> None:
    """A certificate that ends within the day is there too: its alert fires, and clears when it is gone."""
    certificate, key = Authority(tmp_path).client_certificate("hookfleet", valid=timedelta(hours=1))
    spec = {"kind": "mutual-tls", "name": "short-lived", "certificate": certificate, "private_key": key}
    with ApiClient(scene.fleet.url, scene.fleet.api_key) as client:
        client.post("/v1/apply", {"resources": [{"kind": "credential", "id": "short-lived", "spec": spec}]})
        expected = {f"{name}_count" if kind == "histogram" else name for name, kind in explained().items()}
        # A counter by a label that is not known beforehand has no series until it is counted.
        expected -= {"hookfleet_token_requests_total", "hookfleet_runs_skipped_total"}
        wait_for(lambda: expected <= names(scene, '{__name__=~"hookfleet_.*"}'), "every metric scraped")
        wait_for(lambda: alerts(scene) == {"HookfleetCertificateExpiring"}, "the alert about the certificate, alone")
        with pytest.raises(Refused):
            client.post("/v1/events", {"specversion": "1.0", "type": "no source"}, content_type="application/json")
        delete(client, "/v1/credentials/short-lived")
    wait_for(lambda: alerts(scene) == set(), "no alert on a healthy fleet")


def alerts(scene: BreakableFleet) -> set[str]:
    return {alert.name for alert in scene.prometheus.firing()}


def delete(client: ApiClient, path: str) -> None:
    version = client.get(path)["version"]
    response = client._client.delete(path, headers={"If-Match": f'"{version}"'})
    assert response.is_success, response.text


def test_a_slow_delivery_can_be_found_by_its_trace(scene: BreakableFleet) -> None:
    def traces() -> list[str]:
        now = time.time()
        series = scene.prometheus.exemplars("hookfleet_delivery_seconds_bucket", now - 60, now)
        return [each["labels"]["trace_id"] for some in series for each in some["exemplars"]]

    assert all(re.fullmatch("[0-9a-f]{32}", trace) for trace in wait_for(traces, "exemplars with trace ids"))


@pytest.mark.parametrize("file", DASHBOARDS, ids=lambda file: file.stem)
def test_every_question_of_a_dashboard_has_an_answer(scene: BreakableFleet, file: Path) -> None:
    """Not a shape that might be right: Prometheus and PostgreSQL take each query, with the variables filled in as
    Grafana does, and what is about a healthy fleet's deliveries gives data."""
    empty = []
    engine = create_engine(scene.database.url())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as database:
        counted = text("SELECT count(*) FROM run_statistics WHERE status = 'COMPLETED'")
        wait_for(lambda: database.execute(counted).scalar(), "runs in the statistics")
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                if "expr" in target:
                    rows = len(scene.prometheus.query(target["expr"].replace("$__rate_interval", "10s")))
                else:
                    rows = len(database.execute(text(filled_in(target["rawSql"]))).all())
                if not rows:
                    empty.append(panel["title"])
        for variable in json.loads(file.read_text())["templating"]["list"]:
            if variable["type"] == "query":
                assert database.execute(text(filled_in(variable["query"]))).all(), variable["name"]
    engine.dispose()
    assert set(empty) <= {
        # A fleet without trouble has none of these; over ten seconds nor a retry or an excluded event.
        "Parts that are not ready", "Retries: how late they leave the tiers", "State", "Failed runs", "Disabled now",
        "Alerts of the organization", "Runs that have not ended", "Attempts by outcome", "Age against retention",
    }, empty  # fmt: skip


def filled_in(sql: str) -> str:
    """As Grafana fills variables in; a colon of a cast is none of a parameter."""
    now_ms = int(time.time() * 1000)
    values = {
        "${organization:sqlstring}": "'local'",
        "${integration:sqlstring}": "'sturdy'",
        "$__from": str(now_ms - 3_600_000),
        "$__to": str(now_ms),
        "$__interval_ms": "60000",
    }
    for name, value in values.items():
        sql = sql.replace(name, value)
    return sql.replace(":", "\\:")


def test_alerts_fire_while_a_part_is_broken_and_clear_when_it_is_mended(scene: BreakableFleet) -> None:
    lines: list[str] = []
    trial = AlertTrial(scene, lambda at, line: lines.append(f"{at:6.1f} s  {line}"))
    receivers_and_database, disabler_and_broker = BREAKS[:4], BREAKS[4:]
    trial.wait_until_quiet()
    for some in (receivers_and_database, disabler_and_broker):
        trial.begin(some)
        trial.mend(some)
    trial.wait_until_quiet()
    expected = set().union(*(each.alerts for each in BREAKS))
    assert expected <= {each.alert for each in trial.seen}, lines


@pytest.mark.parametrize(("name", "file"), MOVED_ELSEWHERE.items())
def test_what_does_not_move_here_is_seen_to_move_elsewhere(name: str, file: str) -> None:
    assert name in (MONITORING.parents[1] / file).read_text()


def test_every_counter_has_moved(scene: BreakableFleet) -> None:
    """After all of that, and nothing is counted by nobody."""
    counters = {
        f"{name}_count" if kind == "histogram" else name for name, kind in explained().items() if kind != "gauge"
    }
    # Over all of the test's time: a process that was started again counts from zero.
    series = scene.prometheus.query('{__name__=~"hookfleet_.*(_total|_count)"}[10m]')
    moved = {each["metric"]["__name__"] for each in series if any(float(value) for _, value in each["values"])}
    assert counters - moved - MOVED_ELSEWHERE.keys() == set()
