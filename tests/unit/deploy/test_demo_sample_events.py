"""The demonstration's events: enough of every kind, and the same ones each time."""

from __future__ import annotations

from collections import Counter

from deploy.local.demo.core import sample_events as sample
from shared.core.cloud_events import check_event

EVENTS = sample.sample_events(1_000)


def test_events_are_valid_and_their_ids_differ() -> None:
    assert len({event.id for event in EVENTS}) == len(EVENTS)
    for event in EVENTS:
        check_event(event.document(), organization="demo")


def test_some_trigger_several_integrations_some_one_and_some_none() -> None:
    sizes = Counter(len(event.integrations) for event in EVENTS)
    assert min(sizes[0], sizes[1], sizes[3]) >= 100


def test_every_integration_of_the_sample_is_triggered_and_the_failing_ones_often_enough_to_be_disabled() -> None:
    triggered = Counter(name for event in EVENTS for name in event.integrations)
    assert len(triggered) == 8
    assert triggered[sample.PAYMENTS_TO_LEDGER] == 50


def test_most_invoices_name_no_discount() -> None:
    invoices = [event for event in EVENTS if event.type == "billing.invoice.created"]
    without = [event for event in invoices if "discount" not in event.data]
    assert len(invoices) == 150
    assert len(without) == 100
