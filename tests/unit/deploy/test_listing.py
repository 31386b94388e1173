"""Listings on a terminal: pages are joined, and following shows every change once."""

from __future__ import annotations

from collections.abc import Hashable
from io import StringIO
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from deploy.cli.listing import AlignedLines, Item, Listing, news
from deploy.cli.recorded_cells import (
    alert_below,
    alert_cells,
    integration_event_below,
    integration_event_cells,
    recent_event_below,
    recent_event_cells,
    replay_below,
    replay_cells,
    run_below,
    run_cells,
    statistics_cells,
    trail_cells,
)

PAGE = 200


def state(item: Item) -> Hashable:
    return item["id"], item["status"]


def rows(first: int, last: int, status: str = "WAITING") -> list[dict[str, Any]]:
    """Rows newest first; the greater the id the newer."""
    return [{"id": each, "status": status} for each in range(last, first - 1, -1)]


def seen(*items: Item) -> dict[Hashable, None]:
    return {state(item): None for item in items}


def test_a_burst_larger_than_a_page_is_shown_in_full() -> None:
    old, new = rows(1, 300), rows(301, 900)
    assert news(iter(new + old), seen(*old), state)[: len(new)] == new


def test_what_has_changed_shows_again() -> None:
    old = rows(1, 10)
    changed = [{**old[3], "status": "COMPLETED"}]
    assert news(iter([*old[:3], *changed, *old[4:]]), seen(*old), state) == changed


def test_asking_stops_at_the_first_page_that_holds_something_known() -> None:
    asked = []

    def listing() -> Any:
        for row in rows(1, 10_000):
            asked.append(row)
            yield row

    assert news(listing(), seen(*rows(9_900, 9_990)), state) == rows(9_991, 10_000) + rows(9_801, 9_899)
    assert len(asked) == PAGE


def test_where_nothing_was_there_one_page_is_enough() -> None:
    assert len(news(iter(rows(1, 1_000)), {}, state)) == PAGE


@given(st.integers(0, 500), st.integers(0, 500))
def test_nothing_is_shown_twice_or_left_out(before: int, after: int) -> None:
    old, new = rows(1, before), rows(before + 1, before + after)
    found = news(iter(new + old), seen(*old), state)
    assert not {state(item) for item in found} & set(seen(*old))
    assert len({state(item) for item in found}) == len(found)
    if before:
        assert found == new


BAD = "\x1b[31m\r"
AT = "2030-01-01T00:00:00.000Z"
RUN: dict[str, Any] = {
    "created": AT,
    "status": "FAILED",
    "run_id": "5c1d7b9e-77a4-5d7e-8c1e-0a1b2c3d4e5f",
    "integration_id": BAD,
    "event": {"type": BAD, "subject": BAD},
    "attempts": 1,
    "error": {"code": BAD},
}
EVENT: dict[str, Any] = {
    "date": AT,
    "name": "n",
    "id": BAD,
    "integration_id": BAD,
    "integration_name": BAD,
    "message": BAD,
}
ALERT: dict[str, Any] = {
    "last": AT,
    "severity": "WARN",
    "status": "NEW",
    "id": "a",
    "integration_id": BAD,
    "description": BAD,
}
REPLAY: dict[str, Any] = {
    "requested": AT,
    "requested_by": BAD,
    "status": "DONE",
    "id": "p",
    "integration": BAD,
    "selection": "failed",
    "since": AT,
    "sent": 1,
    "total": 1,
    "delivered": 1,
    "failed": 0,
    "pending": 0,
}
RECENT: dict[str, Any] = {"accepted": AT, "type": BAD, "id": BAD, "subject": BAD, "source": BAD}
FIGURES: dict[str, Any] = {
    "runs": 1,
    "completed": 1,
    "failed": 0,
    "other": 0,
    "failure_rate": 0.0,
    "throughput_per_second": 0.0022,
    "latency_seconds": {"p50": 0.02, "p95": 1.5, "p99": None},
}


def test_what_other_people_wrote_cannot_command_the_terminal() -> None:
    cells = [
        *run_cells(RUN),
        *run_below(RUN),
        *integration_event_cells(EVENT),
        *integration_event_below(EVENT),
        *alert_cells(ALERT),
        *alert_below(ALERT),
        *replay_cells(REPLAY),
        *replay_below(REPLAY),
        *recent_event_cells(RECENT),
        *recent_event_below(RECENT),
        *trail_cells({"at": AT, "by": BAD, "act": "actioned", "subject_kind": "run", "subject_id": BAD}),
        *statistics_cells(BAD, FIGURES),
    ]
    text = " ".join(cell.plain for cell in cells)
    assert "\x1b" not in text
    assert "\r" not in text
    assert "0.0022" in text
    assert "20 ms" in text
    assert "1.5 s" in text


def test_an_id_is_never_cut_however_narrow_the_terminal() -> None:
    output = StringIO()
    listing = Listing("/v1/runs", {}, run_cells, run_below, state, "")
    AlignedLines(Console(width=40, file=output), listing).print(RUN)
    assert RUN["run_id"] in output.getvalue()
