"""A run as people read it: what was sent and answered, why it failed, and nothing that commands the terminal."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from deploy.cli.run_view import has_ended, run_view

ESCAPE = "\x1b[2J"


def body(text: str | None, **more: Any) -> dict[str, Any]:
    said = {} if text is None else {"text": text}
    return {"size": 0 if text is None else len(text), **said, **more}


def a_run(**changes: Any) -> dict[str, Any]:
    return {
        "run_id": "r-1",
        "webhook_id": "w-1",
        "integration_id": "to-desk",
        "rule_id": "large-orders",
        "trigger": "event",
        "event": {"source": "/shop", "id": "e-1", "type": "order.created", "subject": "order-7"},
        "status": "FAILED",
        "created": "2030-01-01T00:00:00.000Z",
        "attempts": [
            {
                "number": 1,
                "started": "2030-01-01T00:00:01.000Z",
                "duration_ms": 12,
                "succeeded": False,
                "retry_due": "2030-01-01T00:00:03.000Z",
                "stages": [
                    {"name": "AUTHENTICATE", "duration_ms": 1, "ok": True},
                    {"name": "PERFORM", "duration_ms": 11, "ok": False, "reason": "HTTP 503"},
                ],
                "exchange": {
                    "request": {
                        "method": "POST",
                        "url": "https://desk.example/hook",
                        "headers": [["webhook-id", "w-1"]],
                        "body": body("x" * 1_500),
                    },
                    "response": {"status": 503, "headers": [], "body": body(f"busy{ESCAPE}", truncated=True)},
                },
            }
        ],
        "skips": [],
        "error": {"code": "http.503", "cause": "The receiver is busy", "remedy": "Ask its owners."},
        **changes,
    }


def shown(run: dict[str, Any], *, full: bool = False) -> str:
    output = StringIO()
    Console(width=200, file=output).print(run_view(run, full=full))
    return output.getvalue()


def test_everything_about_a_failed_run_is_there() -> None:
    text = shown(a_run())
    for said in (
        "FAILED",
        "run r-1",
        "order.created  e-1",
        "order-7",
        "attempt 1",
        "next at 2030-01-01 00:00:03",
        "PERFORM",
        "HTTP 503",
        "POST https://desk.example/hook",
        "webhook-id",
        "http.503  The receiver is busy",
        "→ Ask its owners.",
    ):
        assert said in text


def test_a_long_body_is_cut_unless_all_is_asked_for() -> None:
    cut, full = shown(a_run()), shown(a_run(), full=True)
    assert "500 more characters; --full shows them" in cut
    assert cut.count("x") < 1_100
    assert full.count("x") >= 1_500
    assert "--full" not in full


def test_what_a_receiver_answered_cannot_command_the_terminal() -> None:
    text = shown(a_run())
    assert ESCAPE not in text
    assert "busy\\x1b[2J" in text


def test_no_answer_and_a_body_that_is_no_text_are_said_in_words() -> None:
    run = a_run()
    run["attempts"][0]["exchange"]["response"] = None
    run["attempts"][0]["exchange"]["request"]["body"] = {"base64": "AAE=", "size": 2}
    text = shown(run)
    assert "no answer" in text
    assert "2 bytes that are no text" in text


def test_a_missed_run_says_why_and_what_it_was_replayed_as() -> None:
    skip = {"status": "DISABLED", "reason": "the integration is disabled", "skipped": "2030-01-01T00:00:02.000Z"}
    run = a_run(
        status="DISABLED",
        attempts=[],
        error=None,
        skips=[skip],
        replays=[{"run_id": "r-2", "status": "COMPLETED"}],
    )
    text = shown(run)
    assert "the integration is disabled" in text
    assert "replayed as r-2  ✔ COMPLETED" in text


@pytest.mark.parametrize(("status", "ended"), [("COMPLETED", True), ("DISABLED", True), ("AWAITING_RETRY", False)])
def test_a_run_has_ended_when_its_status_is_its_last(status: str, ended: bool) -> None:
    assert has_ended({"status": status}) is ended
