"""Errors of integrations are events that rules can match, and never a loop."""

from typing import Any

import orjson

from tests.flow.conftest import Case
from tests.flow.receiver import Reply
from tests.waiting import wait_for


def watch(case: Case, event_type: str, watched: str) -> str:
    """A second integration that is told of ``watched``'s events of ``event_type``; the path it posts to."""
    name, path = f"{case.name}-watch", f"{case.path}-watch"
    case.apply(
        {"kind": "webhook", "id": name, "spec": {"name": name, "url": case.receiver.url + path}},
        {
            "kind": "notification-rule",
            "id": name,
            "spec": {
                "name": name,
                "event_type": event_type,
                "condition": f"event.subject == '{watched}' || event.subject == '{name}'",
            },
        },
        {
            "kind": "integration",
            "id": name,
            "spec": {"name": name, "rule": name, "webhook": name, "retry": {"delays_seconds": []}},
        },
    )
    return path


def test_a_rule_can_tell_a_chat_that_an_integration_was_disabled(case: Case) -> None:
    case.set_up(delays=[], disable={"failed_runs": 2})
    told = watch(case, "integration.disabled.error", case.name)
    case.receiver.answer(case.path, Reply(500))
    case.send()
    case.send()
    (request,) = wait_for(lambda: case.receiver.requests(told), "the news that it is disabled")
    body = orjson.loads(request.body)
    assert body["type"] == "integration.disabled.error"
    assert body["data"]["integration_id"] == case.name


def test_an_integration_is_never_told_of_its_own_errors(case: Case) -> None:
    """The watcher fails as well, and its rule fits its own errors: without the chain it would run for ever."""
    case.set_up(delays=[])
    told = watch(case, "integration.*.error", case.name)
    case.receiver.answer(case.path, Reply(500))
    case.receiver.answer(told, Reply(500))
    case.send()
    (request,) = wait_for(lambda: case.receiver.requests(told), "the news of the error")
    assert orjson.loads(request.body)["subject"] == case.name

    def own_error() -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = case.get("/v1/integration-events", integration=f"{case.name}-watch")["items"]
        return items

    (error,) = wait_for(own_error, "the watcher's own error event")
    trace = wait_for(lambda: trace_of(case, error["id"]), "the trace of the watcher's error")
    assert trace["outcome"] == "matched nothing"
    assert len(case.receiver.requests(told)) == 1


def trace_of(case: Case, event_id: str) -> dict[str, Any]:
    response = case.http.get(f"/v1/events/{event_id}/trace")
    document: dict[str, Any] = response.json()
    return document if response.status_code == 200 and document["outcome"] != "not matched yet" else {}


def test_nobody_can_send_what_only_the_fleet_may_say(case: Case) -> None:
    response = case.http.post("/v1/events", json=case.event(type="integration.disabled.error"))
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "type"
