"""Replays on a whole fleet, over either engine: what a receiver missed comes once, as it was, signed as of today."""

from __future__ import annotations

from typing import Any

import pytest
import standardwebhooks

from deploy.local.fleet.plan import Service
from tests.flow.conftest import Case
from tests.waiting import wait_for

SINCE = "2020-01-01T00:00:00Z"


def miss(case: Case, events: int) -> list[str]:
    """Disable the integration, send so many events, enable it again; the message ids, oldest first."""
    response = case.http.post(f"/v1/integrations/{case.name}/disable", json={"reason": "maintenance"})
    assert response.status_code == 202, response.text
    case.wait_until_enabled(False)

    def one_more_is_missed() -> bool:
        # Workers learn of a new state within moments, not at once.
        event_id = case.send()
        return any(run["status"] == "DISABLED" for run in case.ended_runs() if run["event"]["id"] == event_id)

    wait_for(one_more_is_missed, "a run that ends DISABLED")
    for _ in range(events):
        case.send()
    missed = [run for run in case.ended_runs() if run["status"] == "DISABLED"]
    case.http.post(f"/v1/integrations/{case.name}/enable")
    case.wait_until_enabled(True)
    return [run["run_id"] for run in sorted(missed, key=lambda run: (run["created"], run["run_id"]))]


def post(case: Case, path: str, body: Any = None) -> dict[str, Any]:
    """The answer, once the recorder knows what the integration's state is now."""

    def accepted() -> dict[str, Any] | None:
        response = case.http.post(path, json=body)
        assert response.status_code in (202, 409), response.text
        document: dict[str, Any] = response.json()
        return document if response.status_code == 202 else None

    return wait_for(accepted, f"{path} is accepted") or {}


def replay(case: Case, rate_per_second: float = 100) -> str:
    """Begin to replay what was missed; the replay's id."""
    asked = {
        "integration": case.name,
        "selection": "missed",
        "since": SINCE,
        "rate_per_second": rate_per_second,
    }
    return str(post(case, "/v1/replays", asked)["id"])


def ended(case: Case, replay_id: str) -> dict[str, Any]:
    def done() -> dict[str, Any] | None:
        shown = case.get(f"/v1/replays/{replay_id}")
        return shown if shown["status"] != "RUNNING" and shown["pending"] == 0 else None

    return wait_for(done, "the replay has ended", 60) or {}


def received(case: Case, since: int = 0) -> list[str]:
    return [request.webhook_id for request in case.requests()[since:]]


def test_what_was_missed_arrives_once_each_oldest_first_under_the_same_message_id(recorded_case: Case) -> None:
    case = recorded_case
    case.set_up(delays=[], concurrency=1)
    missed = miss(case, 10)
    before = len(case.requests())
    offer = wait_for(lambda: case.get("/v1/replays/offer", integration=case.name), "an offer")
    assert (offer["missed"], offer["failed"]) == (len(missed), 0)
    done = ended(case, replay(case))
    assert (done["status"], done["total"], done["delivered"], done["failed"]) == ("DONE", len(missed), len(missed), 0)
    assert received(case, before) == missed
    assert case.get("/v1/replays/offer", integration=case.name)["missed"] == 0
    again = ended(case, replay(case))
    assert (again["total"], again["sent"]) == (0, 0)
    assert received(case, before) == missed


def test_a_replay_is_the_body_of_then_with_the_signature_of_now(recorded_case: Case) -> None:
    case = recorded_case
    old = case.set_up(delays=[], request={"body": '{"amount": data.amount, "as": "then"}'})
    case.send({"amount": 10.5})
    (first,) = wait_for(case.requests, "the request")
    (run,) = case.ended_runs()
    case.apply(case.integration([], request={"body": '{"as": "now"}'}))
    path = f"/v1/credentials/{case.name}"
    new = case.http.post(f"{path}/rotate").json()["secret"]
    assert case.http.post(f"{path}/retire").status_code == 200
    answer = post(case, f"/v1/runs/{run['run_id']}/replay")
    second = wait_for(lambda: case.requests()[1:], "the replay")[0]
    assert (second.body, second.headers["content-type"]) == (first.body, first.headers["content-type"])
    assert second.webhook_id == first.webhook_id == answer["webhook_id"]
    standardwebhooks.Webhook(new).verify(second.body, second.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(old).verify(second.body, second.headers)

    def completed() -> dict[str, Any] | None:
        found = case.get(f"/v1/runs/{answer['run_id']}")
        return found if found["status"] == "COMPLETED" else None

    shown = wait_for(completed, "the new run is completed") or {}
    assert (shown["trigger"], shown["origin_run_id"]) == ("replay", run["run_id"])
    assert [each["run_id"] for each in case.get(f"/v1/runs/{run['run_id']}")["replays"]] == [answer["run_id"]]
    case.send({"amount": 11})
    third = wait_for(lambda: case.requests()[2:], "an event after the template changed")[0]
    assert b"now" in third.body


def test_recorders_killed_in_the_middle_of_a_replay_lose_nothing_and_repeat_nothing(recorded_case: Case) -> None:
    case = recorded_case
    case.set_up(delays=[], concurrency=1)
    missed = miss(case, 30)
    before = len(case.requests())
    replay_id = replay(case, rate_per_second=20)
    wait_for(lambda: len(case.requests()) >= before + 5, "some are delivered")
    recorders = range(case.fleet.plan.event_recorder)
    for index in recorders:
        case.fleet.kill(Service.EVENT_RECORDER, index)
    sent = len(case.requests()) - before
    assert sent < len(missed), "the replay was still under way"
    for index in reversed(recorders):
        case.fleet.start_one(Service.EVENT_RECORDER, index, wait=index == 0)
    done = ended(case, replay_id)
    assert (done["status"], done["sent"], done["delivered"]) == ("DONE", len(missed), len(missed))
    assert received(case, before) == missed
