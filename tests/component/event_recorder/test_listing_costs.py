"""Every listing is read through its own index, in order: no page is sorted, no other organization's row is touched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event

from services.event_recorder.core.cursors import Position
from services.event_recorder.database import reading_engine
from services.event_recorder.queries import Page, Queries

Ask = Callable[[Queries, Position | None], Page]


def runs(**filters: str) -> Ask:
    wanted: dict[str, Any] = {"integration_id": None, "status": None, "event_id": None, **filters}
    return lambda queries, after: queries.runs(**wanted, limit=50, after=after)


def integration_events(**filters: str) -> Ask:
    wanted: dict[str, Any] = {"kind": None, "integration_id": None, **filters}
    return lambda queries, after: queries.integration_events(**wanted, limit=50, after=after)


LISTINGS = [
    (runs(), "runs_by_time"),
    (runs(integration_id="i"), "runs_by_integration"),
    (runs(status="FAILED"), "runs_by_status"),
    (runs(event_id="e-1"), "runs_by_event"),
    (integration_events(), "integration_events_by_time"),
    (integration_events(kind="integration.enabled"), "integration_events_by_type"),
    (integration_events(integration_id="i"), "integration_events_by_integration"),
]


def plan(database_url: str, ask: Ask, after: Position | None) -> list[str]:
    """How SQLite answers the one statement that ``ask`` sends."""
    engine = reading_engine(database_url)
    sent: list[tuple[str, Any]] = []
    event.listen(
        engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, parameters, context, many: sent.append((statement, parameters)),
    )
    ask(Queries(engine, "acme"), after)
    selects = [(statement, parameters) for statement, parameters in sent if statement.startswith("SELECT")]
    ((statement, parameters),) = selects
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [str(row[3]) for row in found]
    engine.dispose()
    return steps


@pytest.mark.parametrize("after", [None, Position(1, "a")], ids=["first page", "next page"])
@pytest.mark.parametrize(("ask", "index"), LISTINGS, ids=[index for _, index in LISTINGS])
def test_a_listing_is_read_through_its_index(
    engine: Engine, database_url: str, ask: Ask, index: str, after: Position | None
) -> None:
    steps = plan(database_url, ask, after)
    assert f"USING INDEX {index} (organization=?" in steps[0]
    assert not [step for step in steps if "SCAN" in step or "TEMP B-TREE" in step]
