"""What a scrape is answered, and that every metric follows the conventions."""

import re
from pathlib import Path
from typing import NamedTuple

from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as text_format

from shared.adapters import metrics
from shared.adapters.work_gauges import WorkGauges
from shared.core.records import Record

OPEN_METRICS = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2"
#: Organizations, integrations and whatever else users may make any number of are no labels.
BOUNDED_LABELS = {
    "check", "service", "version", "python", "topic", "group", "role", "state", "shown_to", "fired", "outcome",
    "waited", "status", "by", "to", "effect", "failed_runs", "reason", "le",
}  # fmt: skip
UNITS = ("_seconds", "_records", "_requests", "_runs", "_offset", "_info")
#: Counts of things, whose unit is the thing.
THINGS = {
    "hookfleet_ready", "hookfleet_runs_held", "hookfleet_requests_in_flight", "hookfleet_receiver_windows",
    "hookfleet_integrations_disabled", "hookfleet_disabler_streaks",
}  # fmt: skip


class Place(NamedTuple):
    """A partition as both Kafka clients name it."""

    topic: str
    partition: int


def ours() -> list[Metric]:
    return [family for family in REGISTRY.collect() if family.name.startswith("hookfleet_")]


def test_every_metric_has_a_help_text_a_unit_and_labels_of_bounded_kind() -> None:
    assert len(ours()) > 40
    for family in ours():
        assert family.documentation, family.name
        if family.type == "counter":
            assert all(sample.name.endswith("_total") for sample in family.samples), family.name
        else:
            assert family.name.endswith(UNITS) or family.name in THINGS, family.name
        for sample in family.samples:
            assert sample.labels.keys() <= BOUNDED_LABELS, sample


def test_a_scraper_gets_the_format_that_it_asks_for() -> None:
    body, content_type = metrics.render(OPEN_METRICS)
    assert content_type.startswith("application/openmetrics-text")
    assert "hookfleet_events_accepted" in {family.name for family in open_metrics(body.decode())}  # type: ignore[no-untyped-call]
    for accept in (None, "*/*", "text/plain"):
        body, content_type = metrics.render(accept)
        assert content_type.startswith("text/plain")
        assert "hookfleet_events_accepted" in {family.name for family in text_format(body.decode())}


def test_no_counter_has_a_second_series_for_its_beginning() -> None:
    names = {sample.name for family in REGISTRY.collect() for sample in family.samples}
    assert not [name for name in names if name.endswith("_created")]


def test_an_age_grows_while_nobody_finishes_and_is_nothing_afterwards() -> None:
    gauges = WorkGauges("test.hookfleet-send", ["deliveries"])
    record = Record("deliveries", 0, 41, b"k", b"v", (), timestamp_ms=1)

    def value(name: str) -> float | None:
        return REGISTRY.get_sample_value(name, {"group": "test.hookfleet-send", "topic": "deliveries"})

    assert value("hookfleet_work_overdue_seconds") is None
    place = Place("deliveries", 0)
    gauges.read(place, [record])
    first = value("hookfleet_work_overdue_seconds")
    assert first is not None
    assert first > 1_000_000
    assert value("hookfleet_consumer_lag_records") == 1
    gauges.finished({place: 42})
    assert value("hookfleet_work_overdue_seconds") == 0
    assert value("hookfleet_consumer_lag_records") == 0
    gauges.dropped([place])
    assert value("hookfleet_consumer_lag_records") is None


def test_what_waits_by_design_is_old_but_not_overdue() -> None:
    gauges = WorkGauges("test.hookfleet-delay", ["tier"])
    record = Record("tier", 0, 0, b"k", b"v", (), timestamp_ms=1)
    gauges.read(Place("tier", 0), [record], due_ms=10**15)
    labels = {"group": "test.hookfleet-delay", "topic": "tier"}
    assert REGISTRY.get_sample_value("hookfleet_work_overdue_seconds", labels) == 0
    assert (REGISTRY.get_sample_value("hookfleet_oldest_unfinished_seconds", labels) or 0) > 1_000_000
    gauges.dropped([Place("tier", 0)])


def test_the_operators_page_explains_every_metric_and_no_other() -> None:
    page = Path(__file__).parents[3] / "docs/operations/metrics.md"
    rows = re.findall(r"^\| `(hookfleet_\w+)` \| (\w+) \|([^|]*)\| (.+) \|$", page.read_text(), flags=re.MULTILINE)
    families = {f"{each.name}_total" if each.type == "counter" else each.name: each for each in ours()}
    assert [name for name, *_ in rows if name not in families] == [], "explained, but not there"
    assert families.keys() - {name for name, *_ in rows} == set(), "not explained"
    for name, kind, labels, _ in rows:
        assert kind == families[name].type, name
        told = set(re.findall(r"`(\w+)`", labels))
        known = {label for sample in families[name].samples for label in sample.labels} - {"le"}
        assert known <= told, f"{name}: {known - told} not explained"
