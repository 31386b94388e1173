"""A trace as people read it: every rule, run and attempt is there, with the reason where something failed."""

from __future__ import annotations

from io import StringIO
from typing import Any

from rich.console import Console

from deploy.cli.trace_view import is_settled, trace_tree

TRACE: dict[str, Any] = {
    "event": {"source": "/shop", "id": "e-1", "type": "order.created", "subject": "order-7", "time": None},
    "accepted": "2030-01-01T00:00:00Z",
    "matched": True,
    "outcome": "matched",
    "fired": [{"rule_id": "large-orders", "integration_id": "to-desk", "run_id": "r-1"}],
    "unevaluable": [{"rule_id": "discounts", "reason": "no such key: discount"}],
    "runs": [{"run_id": "r-1", "status": "FAILED"}],
}
RUN: dict[str, Any] = {
    "run_id": "r-1",
    "status": "FAILED",
    "attempts": [
        {"number": 1, "succeeded": False, "duration_ms": 12, "exchange": {"response": {"status": 503}}},
        {"number": 2, "succeeded": False, "duration_ms": 5, "exchange": None, "error": {"code": "connect.refused"}},
    ],
    "error": {
        "code": "connect.refused",
        "cause": "Nobody listens",
        "detail": "on [port] 1",
        "remedy": "Start [the] receiver.",
    },
}


def text_of(trace: dict[str, Any], runs: dict[str, Any]) -> str:
    output = StringIO()
    Console(width=200, file=output).print(trace_tree(trace, runs))
    return output.getvalue()


def test_everything_about_a_failed_run_is_shown() -> None:
    text = text_of(TRACE, {"r-1": RUN})
    for said in ("order.created", "large-orders", "to-desk", "FAILED", "attempt 1", "HTTP 503", "attempt 2"):
        assert said in text
    assert "connect.refused Nobody listens: on [port] 1" in text
    assert "Start [the] receiver." in text


def test_a_rule_that_could_not_be_evaluated_is_shown_with_its_reason() -> None:
    text = text_of(TRACE, {})
    assert "discounts could not be evaluated no such key: discount" in text


def test_a_run_that_is_not_known_yet_is_waiting() -> None:
    assert "waiting" in text_of(TRACE, {})


def test_an_event_that_matched_nothing_says_so() -> None:
    nothing = {**TRACE, "outcome": "matched nothing", "fired": [], "unevaluable": [], "runs": []}
    assert "matched nothing" in text_of(nothing, {})
    assert is_settled(nothing)


def test_a_trace_is_settled_when_every_fired_run_is_there_and_has_ended() -> None:
    assert is_settled(TRACE)
    assert not is_settled({**TRACE, "runs": []})
    assert not is_settled({**TRACE, "runs": [{"run_id": "r-1", "status": "AWAITING_RETRY"}]})
    assert not is_settled({**TRACE, "outcome": "not matched yet", "fired": [], "runs": []})
