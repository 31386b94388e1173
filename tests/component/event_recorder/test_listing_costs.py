"""Every listing is read through an index of its own, in order: no page is sorted, no other organization's row is
touched, and what no index answers is checked on a bounded number of rows. Both engines are asked how they would."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from services.event_recorder.core.alerts import AlertStatus
from services.event_recorder.core.cursors import Position
from services.event_recorder.database import reading_engine
from services.event_recorder.queries import alerts, integration_events, recent_events, runs, trail
from services.event_recorder.queries.latest_runs import LatestOf, latest_runs
from services.event_recorder.queries.pages import SCANNED_ROWS, Listing, page
from services.event_recorder.queries.reader import Reader
from services.event_recorder.queries.run_details import run_details
from services.event_recorder.queries.run_statistics import tallies_by_integration, tallies_by_time
from services.event_recorder.queries.traces import sources_of, trace_of

Sent = list[tuple[str, Any]]


def run_listing(**filters: Any) -> Listing:
    return runs.listing_of(runs.RunFilter(**filters))


def event_listing(**filters: Any) -> Listing:
    return integration_events.listing_of(integration_events.IntegrationEventFilter(**filters))


def alert_listing(**filters: Any) -> Listing:
    return alerts.listing_of(alerts.AlertFilter(**filters))


def recent_listing(**filters: Any) -> Listing:
    return recent_events.listing_of(recent_events.RecentEventFilter(**filters))


def trail_listing(**filters: Any) -> Listing:
    return trail.listing_of(trail.TrailFilter(**filters))


LISTINGS = {
    "runs": (run_listing(), "runs_by_time"),
    "runs of an integration": (run_listing(integration_id="i"), "runs_by_integration"),
    "runs of a rule": (run_listing(rule_id="r"), "runs_by_rule"),
    "runs about an entity": (run_listing(entity_id="7", entity_type="bill"), "runs_by_entity"),
    "runs with a status": (run_listing(status="FAILED"), "runs_by_status"),
    "runs of an event": (run_listing(event_id="e-1"), "runs_by_event"),
    "runs from a run": (run_listing(origin_run_id="r"), "runs_by_origin"),
    "failed runs of an integration": (run_listing(integration_id="i", status="FAILED"), "runs_by_integration"),
    "runs with a trigger": (run_listing(trigger="replay"), "runs_by_time"),
    "events that wait": (event_listing(), "waiting_events_by_time"),
    "events of a type that wait": (event_listing(type="t"), "waiting_events_by_type"),
    "events of an integration that wait": (event_listing(integration_id="i"), "waiting_events_by_integration"),
    "events": (event_listing(actioned=None), "integration_events_by_time"),
    "events of a type": (event_listing(type="t", actioned=None), "integration_events_by_type"),
    "events of an integration": (event_listing(integration_id="i", actioned=None), "integration_events_by_integration"),
    "events that were actioned": (event_listing(actioned=True), "integration_events_by_time"),
    "events with a text": (event_listing(words=("a", "b")), "waiting_events_by_time"),
    "recent events": (recent_listing(), "events_by_time"),
    "recent events of a type": (recent_listing(type="t"), "events_by_type"),
    "recent events of a subject": (recent_listing(subject="s"), "events_by_time"),
    "alerts": (alert_listing(), "alerts_by_time"),
    "alerts of an integration": (alert_listing(integration_id="i"), "alerts_by_integration"),
    "new alerts": (alert_listing(status=AlertStatus.NEW, since_ms=1), "alerts_by_time"),
    "acts": (trail_listing(), "trail_by_time"),
    "acts of somebody": (trail_listing(by="me", act="replay"), "trail_by_time"),
}


@contextmanager
def listening(engine: Engine) -> Iterator[Sent]:
    """The statements that are sent meanwhile."""
    sent: Sent = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.startswith(("SELECT", "(SELECT")):
            sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def plan(connection: Connection, statement: str, parameters: Any) -> list[str]:
    """How the engine answers, a line a step. PostgreSQL is kept from reading small tables whole, as it would here."""
    if connection.dialect.name == "sqlite":
        steps = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return [str(row[3]) for row in steps]
    for way in ("enable_seqscan", "enable_bitmapscan", "enable_sort", "enable_incremental_sort"):
        connection.execute(text(f"SET LOCAL {way} = off"))
    return [str(row[0]) for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]


def asked(database_url: str, ask: Callable[[Reader], object]) -> list[tuple[str, list[str]]]:
    """Each statement that ``ask`` sends, and how it is answered."""
    engine = reading_engine(database_url)
    with listening(engine) as sent:
        ask(Reader(engine, "acme"))
    with engine.connect() as connection:
        plans = [(statement, plan(connection, statement, parameters)) for statement, parameters in sent]
    engine.dispose()
    return plans


def check_steps(steps: list[str]) -> None:
    """Nothing is read whole, and what is sorted at all is a group of what an index gives."""
    for step in steps:
        assert not step.startswith("SCAN") or "scanned" in step, steps
        assert "Seq Scan" not in step, steps
        assert "Filter: (organization" not in step, steps


def page_of(listing: Listing, after: int | None) -> Callable[[Reader], object]:
    position = None if after is None else Position(after, ("a",) * (len(listing.sort) - 1))
    return lambda reader: page(reader, listing, 50, position)


@pytest.mark.parametrize("after", [None, 1], ids=["first page", "next page"])
def test_a_listing_is_read_through_its_index(database_url: str, after: int | None) -> None:
    for what, (listing, index) in LISTINGS.items():
        statements = asked(database_url, page_of(listing, after))
        assert len(statements) == (2 if listing.checked else 1), what
        for _, steps in statements:
            check_steps(steps)
            assert any(f" {index} " in step for step in steps), (what, steps)
            assert not [step for step in steps if "TEMP B-TREE" in step or "Sort" in step], (what, steps)


def test_what_no_index_answers_is_checked_on_a_bounded_number_of_rows(database_url: str) -> None:
    engine = reading_engine(database_url)
    with listening(engine) as sent:
        page(Reader(engine, "acme"), event_listing(words=("needle",)), 50, None)
    engine.dispose()
    (scan, given), (_, end) = sent
    assert scan.count("LIMIT") == 2
    values = list(given.values()) if isinstance(given, dict) else list(given)
    assert SCANNED_ROWS in values
    assert SCANNED_ROWS - 1 in (list(end.values()) if isinstance(end, dict) else list(end))


QUESTIONS: dict[str, Callable[[Reader], object]] = {
    "a run": lambda reader: run_details(reader, "r"),
    "the sources of an event": lambda reader: sources_of(reader, "e-1"),
    "a trace": lambda reader: trace_of(reader, "billing", "e-1"),
    "the latest run of each integration": lambda reader: latest_runs(reader, LatestOf.INTEGRATION, 50, ""),
    "the latest run of each rule": lambda reader: latest_runs(reader, LatestOf.RULE, 50, "a"),
    "statistics": lambda reader: tallies_by_time(reader, None, 0, 60_000, 60_000),
    "statistics of an integration": lambda reader: tallies_by_time(reader, "i", 0, 60_000, 60_000),
    "statistics by integration": lambda reader: tallies_by_integration(reader, 0, 60_000, 50, ""),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_no_question_reads_a_table_whole(database_url: str, question: Callable[[Reader], object]) -> None:
    for _, steps in asked(database_url, question):
        check_steps(steps)
