"""What happened and what is done about it, as people see it: runs, errors, alerts, replays, figures, the trail."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.receivers.core.behaviour import Behaviour
from deploy.local.receivers.receiver_process import ReceiverProcess
from tests.component.cli.shop import CONFIGURATION, Shop
from tests.waiting import wait_for

#: The first failed run disables it, at once.
FRAGILE = CONFIGURATION.replace(
    "webhook: {name}}}", "webhook: {name}, disable: {{failed_runs: 1}}, retry: {{delays_seconds: []}}}}"
)


def items(shop: Shop, *command: str) -> list[dict[str, Any]]:
    listed = shop.run(*command, "--json")
    assert listed.exit_code == 0, listed.output
    found: list[dict[str, Any]] = json.loads(listed.stdout)["items"]
    return found


@pytest.fixture
def failed(shop: Shop) -> dict[str, Any]:
    """A run that failed because nobody listens, and by that disabled its integration."""
    assert shop.apply(FRAGILE).exit_code == 0
    shop.send('{"amount": 120}')
    found = wait_for(
        lambda: items(shop, "runs", "list", "--integration", shop.name, "--status", "FAILED"), "a failed run"
    )
    wait_for(lambda: items(shop, "alerts", "list", "--integration", shop.name, "--severity", "ERROR"), "an alert")
    return found[0]


@pytest.fixture
def receiver(shop: Shop, failed: dict[str, Any]) -> Iterator[ReceiverProcess]:
    """Somebody listens now."""
    process = ReceiverProcess(Behaviour.HEALTHY, shop.port, shop.folder / "requests.jsonl", dict(os.environ), None)
    try:
        process.wait_until_ready()
        yield process
    finally:
        process.stop()


def test_a_failed_run_is_listed_and_shown_with_what_to_do(shop: Shop, failed: dict[str, Any]) -> None:
    listed = shop.run("runs", "list", "--integration", shop.name)
    assert "✗ FAILED" in listed.output
    assert "connect.refused" in listed.output
    shown = shop.run("runs", "show", failed["run_id"], "--watch")
    for said in (shop.event_type, "✗ attempt 1", "PERFORM", f"POST http://127.0.0.1:{shop.port}/orders", "→ "):
        assert said in shown.output
    assert items(shop, "runs", "list", "--integration", shop.name, "--until", "1h") == []


def test_an_error_marked_as_actioned_leaves_the_list_and_is_not_gone(shop: Shop, failed: dict[str, Any]) -> None:
    mine = ("--integration", shop.name)
    errors = [each for each in items(shop, "integration-events", "list", *mine) if each["type"].endswith(".error")]
    assert {each["type"] for each in errors} == {"integration.perform.error", "integration.disabled.error"}
    perform = next(each for each in errors if each["type"] == "integration.perform.error")

    marked = shop.run("integration-events", "actioned", "--all", "--type", perform["type"], *mine, "--yes")
    assert (marked.exit_code, "1 actioned" in marked.output) == (0, True), marked.output
    assert perform["id"] not in {each["id"] for each in items(shop, "integration-events", "list", *mine)}
    everything = shop.run("integration-events", "list", *mine, "--include-actioned")
    assert "ACTIONED" in everything.output
    again = shop.run("integration-events", "actioned", perform["id"], "--json")
    assert json.loads(again.stdout) == {"done": 0, "already": 1, "unknown": []}
    resolved = shop.run("integration-events", "resolved", perform["id"])
    assert "1 manually resolved" in resolved.output
    unknown = shop.run("integration-events", "actioned", "nobody")
    assert (unknown.exit_code, "no integration event nobody" in unknown.stderr) == (1, True)


def test_an_alert_is_taken_up_and_resolved_and_the_trail_says_by_whom(shop: Shop, failed: dict[str, Any]) -> None:
    [alert] = items(shop, "alerts", "list", "--integration", shop.name, "--severity", "ERROR")
    assert alert["status"] == "NEW"
    assert "1 in progress" in shop.run("alerts", "take", alert["id"]).output
    assert "IN PROGRESS" in shop.run("alerts", "list", "--integration", shop.name).output
    assert "1 resolved" in shop.run("alerts", "resolve", alert["id"]).output
    [after] = items(shop, "alerts", "list", "--integration", shop.name, "--severity", "ERROR")
    assert after["status"] == "RESOLVED"
    acts = [entry["act"] for entry in items(shop, "trail") if alert["id"] in str(entry)]
    assert len(acts) == 2


def test_what_was_missed_is_offered_when_it_is_enabled_and_replayed_with_progress(
    shop: Shop, receiver: ReceiverProcess
) -> None:
    for _ in range(3):
        shop.send('{"amount": 150}')
    wait_for(
        lambda: len(items(shop, "runs", "list", "--integration", shop.name, "--status", "DISABLED")) == 3, "3 missed"
    )
    enabled = shop.run("integrations", "enable", shop.name)
    assert f"hookfleet replay start {shop.name}" in enabled.output
    replayed = shop.run("replay", "start", shop.name, "--what", "both", "--rate", "100", "--json")
    assert replayed.exit_code == 0, replayed.output
    replay = json.loads(replayed.stdout)
    assert (replay["status"], replay["sent"], replay["delivered"], replay["pending"]) == ("DONE", 4, 4, 0)
    assert len((shop.folder / "requests.jsonl").read_text().splitlines()) == 4
    assert replay["id"] in shop.run("replay", "list").output
    nothing = shop.run("replay", "start", shop.name)
    assert (nothing.exit_code, "--since TIME looks further back" in nothing.stderr) == (1, True)


def test_one_run_is_replayed_and_what_came_of_it_shown(
    shop: Shop, failed: dict[str, Any], receiver: ReceiverProcess
) -> None:
    shop.run("integrations", "enable", shop.name)
    replayed = shop.run("replay", "run", failed["run_id"])
    assert replayed.exit_code == 0, replayed.output
    assert "✔ COMPLETED" in replayed.output
    assert failed["run_id"] in replayed.output


def test_figures_tell_how_much_failed(shop: Shop, failed: dict[str, Any]) -> None:
    by_integration = shop.run("statistics", "--by-integration")
    assert shop.name in by_integration.output
    figures = json.loads(shop.run("statistics", "--integration", shop.name, "--since", "1h", "--json").stdout)
    assert (figures["total"]["runs"], figures["total"]["failed"]) == (1, 1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("runs", "list", "--since", "yesterday"), "--since yesterday is no time"),
        (("runs", "show", "nobody"), "(404)"),
        (("integration-events", "actioned"), "name events by id, or --all"),
        (("replay", "run", "nobody"), "(404)"),
        (("replay", "watch", "nobody"), "(404)"),
    ],
)
def test_what_stands_in_the_way_is_said_in_words(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    asked = shop.run(*arguments)
    assert (asked.exit_code, said in asked.stderr) == (1, True), asked.output
