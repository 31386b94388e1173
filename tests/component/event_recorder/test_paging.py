"""Pages of every listing: bounded work, and every row that was there at the start exactly once, whatever arrives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, Table

from services.event_recorder import schema
from services.event_recorder.queries.pages import SCANNED_ROWS
from tests.component.event_recorder.rows import insert
from tests.component.event_recorder.serving import got
from tests.component.event_recorder.tables import empty
from tests.unit.event_recorder.records import START_MS

Row = dict[str, Any]
Key = tuple[str, str]


@dataclass(frozen=True)
class Kind:
    """One listing: where it is, what it lists, and which filters half of its rows pass."""

    path: str
    table: Table
    time: str
    row: Callable[[int, int, bool], Row]
    filters: dict[str, str]
    key: Callable[[Row], str] = lambda item: str(item["id"])


KINDS = [
    Kind(
        "/v1/runs",
        schema.runs,
        "created_ms",
        lambda number, at, yes: {"run_id": f"r-{number}", "created_ms": at, "status": "FAILED" if yes else "WAITING"},
        {"status": "FAILED", "integration": "bills-to-erp"},
        lambda item: str(item["run_id"]),
    ),
    Kind(
        "/v1/integration-events",
        schema.integration_events,
        "time_ms",
        lambda number, at, yes: {"id": f"r-{number}", "time_ms": at, "message": "Mend it" if yes else "Well"},
        {"text": "mend", "actioned": "all"},
    ),
    Kind(
        "/v1/recent-events",
        schema.events,
        "accepted_ms",
        # One id in two sources: only the source tells such rows apart.
        lambda number, at, yes: {
            "id": f"r-{number // 2}",
            "source": f"s-{number % 2}",
            "accepted_ms": at,
            "subject": "one" if yes else "two",
        },
        {"subject": "one"},
        lambda item: f"{item['id']} {item['source']}",
    ),
    Kind(
        "/v1/alerts",
        schema.alerts,
        "first_ms",
        lambda number, at, yes: {"id": f"r-{number}", "first_ms": at, "severity": "ERROR" if yes else "INFO"},
        {"severity": "ERROR"},
    ),
    Kind(
        "/v1/trail",
        schema.trail,
        "at_ms",
        lambda number, at, yes: {"id": f"r-{number}", "at_ms": at, "by": "one" if yes else "two"},
        {"by": "one"},
    ),
]


def pages(api: httpx.Client, kind: Kind, limit: int, filters: dict[str, str]) -> Iterator[list[str]]:
    """Keys page by page."""
    cursor: dict[str, str] = {}
    while True:
        page = got(api, kind.path, limit=limit, **filters, **cursor)
        yield [kind.key(item) for item in page["items"]]
        if page["next"] is None:
            return
        cursor = {"cursor": page["next"]}


#: Milliseconds after the start: few values, so that many rows have one time.
TIMES = st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=12)


@pytest.mark.parametrize("kind", KINDS, ids=[kind.path for kind in KINDS])
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=TIMES, arriving=st.lists(TIMES, max_size=4), limit=st.integers(1, 4), filtered=st.booleans())
def test_every_row_that_was_there_is_listed_once_whatever_arrives(
    served: tuple[Engine, httpx.Client],
    kind: Kind,
    before: list[tuple[int, bool]],
    arriving: list[list[tuple[int, bool]]],
    limit: int,
    filtered: bool,
) -> None:
    engine, api = served
    empty(engine)
    numbers = iter(range(1_000))

    def arrive(batch: list[tuple[int, bool]]) -> list[Row]:
        rows = [kind.row(next(numbers), START_MS + after, yes) for after, yes in batch]
        if rows:
            insert(engine, kind.table, rows)
        return rows

    arrive(before)
    filters = kind.filters if filtered else {}
    there = [key for page in pages(api, kind, 200, filters) for key in page]
    assert len(there) == len(before) if not filtered else len(there) == sum(yes for _, yes in before)

    batches = iter(arriving)
    listed: list[str] = []
    for page in pages(api, kind, limit, filters):
        assert len(page) <= limit
        listed += page
        arrive(next(batches, []))
    assert len(listed) == len(set(listed))
    assert [key for key in listed if key in set(there)] == there


def test_a_page_looks_at_a_bounded_number_of_rows_and_goes_on_behind_them(
    api: httpx.Client, served: tuple[Engine, httpx.Client]
) -> None:
    rows = [
        {"id": f"r-{number:05d}", "time_ms": START_MS + number, "message": "needle" if number in (0, 1) else "hay"}
        for number in range(2 * SCANNED_ROWS + 1)
    ]
    insert(served[0], schema.integration_events, rows)
    search = {"text": "needle", "limit": "1"}
    first = got(api, "/v1/integration-events", **search)
    assert (first["items"], first["next"] is None) == ([], False)
    second = got(api, "/v1/integration-events", cursor=first["next"], **search)
    assert [item["id"] for item in second["items"]] == ["r-00001"]
    third = got(api, "/v1/integration-events", cursor=second["next"], **search)
    assert ([item["id"] for item in third["items"]], third["next"]) == (["r-00000"], None)


def test_the_newest_run_of_each_integration_or_rule_is_listed_by_its_id(
    api: httpx.Client, served: tuple[Engine, httpx.Client]
) -> None:
    known = {"organization": "acme", "kind": "integration", "version": 1, "spec": None}
    with served[0].begin() as connection:
        connection.execute(schema.resources.insert(), [known | {"id": each} for each in ("a", "b", "c", "d")])
        connection.execute(schema.resources.insert(), [known | {"id": "rule-1", "kind": "notification-rule"}])
    run = {"rule_id": "rule-1"}
    insert(
        served[0],
        schema.runs,
        [
            run | {"run_id": f"{each}-{at}", "integration_id": each, "created_ms": START_MS + at}
            for each in "abd"
            for at in (1, 2)
        ],
    )
    first = got(api, "/v1/runs", latest="integration", limit=2)
    assert [item["run_id"] for item in first["items"]] == ["a-2", "b-2"]
    second = got(api, "/v1/runs", latest="integration", limit=2, cursor=first["next"])
    assert ([item["run_id"] for item in second["items"]], second["next"]) == (["d-2"], None)
    assert [item["run_id"] for item in got(api, "/v1/runs", latest="rule")["items"]] == ["d-2"]
