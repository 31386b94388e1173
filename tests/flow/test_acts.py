"""What people do about what happened, on a whole fleet and over either engine: mark, resolve, remove, and the trail."""

from __future__ import annotations

from typing import Any

from tests.flow.conftest import Case
from tests.flow.receiver import Reply
from tests.waiting import wait_for


def fail(case: Case, **attributes: Any) -> dict[str, Any]:
    """Send an event that cannot be delivered; the error event."""
    case.set_up(delays=[])
    case.receiver.answer(case.path, Reply(500, body=b"broken"))
    case.send({"user": {"id": f"u-{case.name}", "email": f"{case.name}@example.com"}}, **attributes)
    case.ended_runs()
    (error,) = wait_for(case.integration_events, "the error event")
    found: dict[str, Any] = error
    return found


def act(case: Case, path: str, body: dict[str, Any], status: int = 200) -> dict[str, Any]:
    response = case.http.post(path, json=body)
    assert response.status_code == status, response.text
    document: dict[str, Any] = response.json()
    return document


def acts(case: Case, subject_id: str) -> list[tuple[str, str]]:
    """What the trail says was done to something, and by whom, oldest first."""
    items = case.get("/v1/trail", limit=200)["items"]
    return [(each["act"], each["by"]) for each in reversed(items) if each["subject_id"] == subject_id]


def test_an_error_event_is_marked_as_actioned_and_as_resolved_apart_and_once(recorded_case: Case) -> None:
    case = recorded_case
    error = fail(case)
    name = [{"id": error["id"], "source": error["source"]}]
    resolved = {"act": "manually-resolved", "events": name}
    assert act(case, "/v1/integration-events/acts", resolved) == {"done": 1, "already": 0, "unknown": []}
    (shown,) = case.integration_events()
    assert shown["actioned"] is None
    assert shown["resolved"]["by"] == "api-key"
    actioned = {"act": "actioned", "events": name}
    assert act(case, "/v1/integration-events/acts", actioned)["done"] == 1
    assert act(case, "/v1/integration-events/acts", actioned)["already"] == 1
    assert case.integration_events() == []
    (hidden,) = case.get("/v1/integration-events", integration=case.name, actioned="yes")["items"]
    assert hidden["id"] == error["id"]
    assert acts(case, error["id"]) == [("manually-resolved", "api-key"), ("actioned", "api-key")]


def test_an_alert_is_taken_up_and_resolved_and_new_when_it_comes_again(recorded_case: Case) -> None:
    case = recorded_case
    fail(case)

    def alert() -> dict[str, Any]:
        (found,) = case.get("/v1/alerts", integration=case.name)["items"]
        return dict(found)

    assert (alert()["status"], alert()["severity"]) == ("NEW", "WARN")
    alert_id = alert()["id"]
    act(case, "/v1/alerts/acts", {"act": "in-progress", "alerts": [alert_id]})
    assert alert()["status"] == "IN PROGRESS"
    act(case, "/v1/alerts/acts", {"act": "resolved", "alerts": [alert_id]})
    assert act(case, "/v1/alerts/acts", {"act": "resolved", "alerts": [alert_id]})["already"] == 1
    assert alert()["status"] == "RESOLVED"
    case.send()
    wait_for(lambda: alert()["status"] == "NEW", "the alert is new again")
    assert acts(case, alert_id) == [("alert-in-progress", "api-key"), ("alert-resolved", "api-key")]


def test_a_persons_data_are_removed_from_every_answer_and_the_runs_stay_counted(recorded_case: Case) -> None:
    case = recorded_case
    fail(case, subject=f"customer/{case.name}-person")
    person = {"user_email": f"{case.name}@example.com".upper()}
    removal = act(case, "/v1/removals", person, 202)

    def emptied() -> bool:
        return int(case.get(f"/v1/removals/{removal['id']}")["removed"]) >= 2

    # The event, and the error event that it led to.
    wait_for(emptied, "both are emptied")
    (run,) = case.runs()
    (error,) = case.integration_events()
    answers = [
        case.get(f"/v1/runs/{run['run_id']}"),
        case.get(f"/v1/events/{run['event']['id']}/trace"),
        case.get("/v1/recent-events", type=case.event_type),
        error,
    ]
    for name in (f"u-{case.name}", f"{case.name}@example.com", f"{case.name}-person"):
        assert name not in repr(answers), name
    assert (run["status"], run["attempts"], error["message"]) == ("FAILED", 1, "(removed)")
    assert acts(case, removal["id"]) == [("removal-requested", "api-key")]
