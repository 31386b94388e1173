"""Marking integration events and alerts: once, for good, and with a trail of who and when."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from services.event_recorder.schema import alerts, integration_events
from shared.core.identifiers import event_id_of_run
from shared.core.messages.integration_events import PERFORM_ERROR, RunStatus
from tests.component.event_recorder.acts_world import World
from tests.component.event_recorder.serving import NOW_MS
from tests.unit.event_recorder import records
from tests.unit.event_recorder.records import ORGANIZATION

SOURCE = "hookfleet/dispatcher"


def name_of(event_id: str) -> dict[str, str]:
    return {"id": event_id_of_run(records.run_id(event_id), PERFORM_ERROR), "source": SOURCE}


def with_errors(acting: World, *event_ids: str) -> list[dict[str, str]]:
    acting.store(*(records.outcome(RunStatus.FAILED, each, offset=at) for at, each in enumerate(event_ids)))
    return [name_of(each) for each in event_ids]


def mark(acting: World, act: str, events: list[dict[str, str]]) -> Any:
    return acting.post("/v1/integration-events/acts", {"act": act, "events": events})


def trail(acting: World) -> list[tuple[str, str, str]]:
    return [(each["by"], each["act"], each["subject_id"]) for each in acting.get("/v1/trail")["items"]]


def test_many_events_are_marked_at_once_and_marking_again_changes_nothing(acting: World) -> None:
    names = with_errors(acting, "a", "b", "c")
    stranger = {"id": "nobody", "source": SOURCE}
    assert mark(acting, "actioned", names[:2]) == {"done": 2, "already": 0, "unknown": []}
    acting.now_ms += 60_000
    assert mark(acting, "actioned", [*names, stranger]) == {"done": 1, "already": 2, "unknown": [stranger]}
    with acting.engine.connect() as connection:
        asked = select(integration_events.c.id, integration_events.c.actioned_ms, integration_events.c.actioned_by)
        marked = {row.id: (row.actioned_ms, row.actioned_by) for row in connection.execute(asked)}
    assert [marked[each["id"]] for each in names] == [(at, "api-key") for at in (NOW_MS, NOW_MS, NOW_MS + 60_000)]
    assert sorted(trail(acting)) == sorted(("api-key", "actioned", each["id"]) for each in names)


def test_resolved_by_hand_is_a_mark_of_its_own(acting: World) -> None:
    (name,) = with_errors(acting, "a")
    assert mark(acting, "manually-resolved", [name])["done"] == 1
    (item,) = acting.get("/v1/integration-events")["items"]
    assert item["actioned"] is None, "it is still in the list of what nobody dealt with"
    assert item["resolved"] == {"at": "2027-01-15T09:00:00.000Z", "by": "api-key"}
    assert mark(acting, "actioned", [name])["done"] == 1
    assert acting.get("/v1/integration-events")["items"] == []
    assert {act for _, act, _ in trail(acting)} == {"manually-resolved", "actioned"}


def test_reading_topics_again_leaves_marks_as_they_are(acting: World) -> None:
    names = with_errors(acting, "a")
    mark(acting, "actioned", names)
    mark(acting, "manually-resolved", names)
    (before,) = acting.get("/v1/integration-events", actioned="yes")["items"]
    with_errors(acting, "a")
    assert acting.get("/v1/integration-events", actioned="yes")["items"] == [before]


def test_another_organizations_events_are_unknown(acting: World) -> None:
    acting.store(records.outcome(RunStatus.FAILED, "a", organization="rival"))
    theirs = {"id": event_id_of_run(records.run_id("a", organization="rival"), PERFORM_ERROR), "source": SOURCE}
    assert mark(acting, "actioned", [theirs]) == {"done": 0, "already": 0, "unknown": [theirs]}
    assert trail(acting) == []


def test_an_alert_is_marked_once_and_again_when_it_has_come_up_since(acting: World) -> None:
    alert = {
        "organization": ORGANIZATION,
        "id": "al-1",
        "severity": "WARN",
        "type": PERFORM_ERROR,
        "integration_id": "bills-to-erp",
        "description": "Runs fail.",
        "first_ms": NOW_MS - 5_000,
        "last_ms": NOW_MS - 1_000,
    }
    with acting.engine.begin() as connection:
        connection.execute(insert(alerts), alert)

    def say(act: str) -> Any:
        return acting.post("/v1/alerts/acts", {"act": act, "alerts": ["al-1", "nobody"]})

    def shown() -> str:
        (item,) = acting.get("/v1/alerts")["items"]
        return str(item["status"])

    assert shown() == "NEW"
    assert say("in-progress") == {"done": 1, "already": 0, "unknown": ["nobody"]}
    assert say("in-progress")["already"] == 1
    assert shown() == "IN PROGRESS"
    acting.now_ms += 10_000
    assert say("resolved")["done"] == 1
    assert shown() == "RESOLVED"
    with acting.engine.begin() as connection:
        # It comes up again, by a clock that is ahead of the recorder's.
        connection.execute(alerts.update().values(last_ms=acting.now_ms + 60_000))
    assert shown() == "NEW"
    assert say("resolved")["done"] == 1
    assert shown() == "RESOLVED"
    assert [act for _, act, _ in trail(acting)].count("alert-resolved") == 2


def test_a_request_that_marks_nothing_or_too_much_is_refused(acting: World) -> None:
    acting.post("/v1/integration-events/acts", {"act": "actioned", "events": []}, status=422)
    many = [{"id": str(number), "source": SOURCE} for number in range(1_001)]
    acting.post("/v1/integration-events/acts", {"act": "actioned", "events": many}, status=422)
    acting.post("/v1/integration-events/acts", {"act": "deleted", "events": many[:1]}, status=422)
    acting.post("/v1/alerts/acts", {"act": "resolved", "alerts": []}, status=422)
    assert mark(acting, "actioned", many[:1_000])["done"] == 0
