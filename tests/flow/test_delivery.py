"""From an accepted event to a signed request, and through failures to an error event."""

import base64
from itertools import pairwise

import orjson
import pytest
import standardwebhooks

from tests.flow.conftest import Case
from tests.flow.receiver import Reply
from tests.waiting import wait_for


def test_an_event_becomes_a_request_that_the_reference_library_verifies(case: Case) -> None:
    secret = case.set_up()
    event_id = case.send({"amount": 10.5})
    (request,) = wait_for(case.requests, "the request")
    standardwebhooks.Webhook(secret).verify(request.body, request.headers)
    body = orjson.loads(request.body)
    assert body["id"] == event_id
    assert body["type"] == case.event_type
    assert body["data"] == {"amount": 10.5}
    assert request.headers["content-type"] == "application/cloudevents+json"
    (run,) = case.ended_runs()
    assert run["status"] == "COMPLETED"
    assert run["run_id"] == request.webhook_id


def test_a_tampered_body_does_not_verify(case: Case) -> None:
    secret = case.set_up()
    case.send({"amount": 10})
    (request,) = wait_for(case.requests, "the request")
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(request.body.replace(b"10", b"99"), request.headers)


def test_a_binary_mode_event_arrives_in_structured_form(case: Case) -> None:
    case.set_up()
    response = case.http.post(
        "/v1/events",
        content=b"\x00\xff",
        headers={
            "ce-specversion": "1.0",
            "ce-id": "b1",
            "ce-source": "/flow",
            "ce-type": case.event_type,
            "content-type": "application/octet-stream",
        },
    )
    assert response.status_code == 202, response.text
    (request,) = wait_for(case.requests, "the request")
    assert base64.b64decode(orjson.loads(request.body)["data_base64"]) == b"\x00\xff"


def test_a_failing_receiver_gets_the_same_message_again_after_two_and_four_seconds(case: Case) -> None:
    case.set_up()
    case.receiver.answer(case.path, lambda same: Reply(500 if len(same) < 3 else 200))
    case.send()
    (run,) = case.ended_runs()
    requests = case.requests()
    assert run["status"] == "COMPLETED"
    assert [attempt["number"] for attempt in case.get(f"/v1/runs/{run['run_id']}")["attempts"]] == [1, 2, 3]
    assert len({request.webhook_id for request in requests}) == 1
    assert len({request.body for request in requests}) == 1
    gaps = [later.at - earlier.at for earlier, later in pairwise(requests)]
    # Never early; a hop costs some milliseconds, a busy machine more.
    assert [2.0 <= gaps[0] < 4.0, 4.0 <= gaps[1] < 7.0] == [True, True], gaps


def test_four_failures_publish_one_error_event_with_all_attempts(case: Case) -> None:
    case.set_up()
    case.receiver.answer(case.path, Reply(503, body=b"down for repairs"))
    case.send()
    (run,) = case.ended_runs(timeout_seconds=45)
    assert run["status"] == "FAILED"
    (error,) = wait_for(case.integration_events, "the error event")
    assert error["type"] == "integration.perform.error"
    assert error["run_id"] == run["run_id"]
    assert error["error"]["code"] == "http.503"
    assert error["error"]["origin"] == "receiver"
    assert error["error"]["remedy"]
    whole = case.get(f"/v1/runs/{run['run_id']}")
    assert [attempt["number"] for attempt in whole["attempts"]] == [1, 2, 3, 4]
    assert len(case.requests()) == 4
    answer = whole["attempts"][0]["exchange"]["response"]
    assert answer["status"] == 503
    assert answer["body"]["text"] == "down for repairs"


@pytest.mark.parametrize(
    ("status", "event_type", "run_status"),
    [
        (400, "integration.validation.error", "FAILED"),
        (422, "integration.validation.error", "FAILED"),
        (401, "integration.authentication.error", "AUTH_FAILED"),
        (404, "integration.perform.error", "FAILED"),
    ],
)
def test_the_answer_decides_the_type_of_the_error_event(
    case: Case, status: int, event_type: str, run_status: str
) -> None:
    case.set_up(delays=[])
    case.receiver.answer(case.path, Reply(status))
    case.send()
    (run,) = case.ended_runs()
    assert run["status"] == run_status
    (error,) = wait_for(case.integration_events, "the error event")
    assert error["type"] == event_type


def test_a_gone_receiver_is_not_tried_again_and_its_integration_is_disabled(case: Case) -> None:
    case.set_up()
    case.receiver.answer(case.path, Reply(410))
    case.send()
    case.ended_runs()
    case.wait_until_enabled(False)
    assert len(case.requests()) == 1


def test_a_receiver_that_never_answers_is_cut_off_at_the_integrations_timeout(case: Case) -> None:
    case.set_up(delays=[], timeout_seconds=0.5)
    case.receiver.answer(case.path, Reply(after_seconds=20))
    case.send()
    (run,) = case.ended_runs()
    (error,) = wait_for(case.integration_events, "the error event")
    assert error["error"]["code"] == "read.timeout"
    assert run["status"] == "FAILED"


def test_retry_after_is_heard_when_it_is_longer_than_the_schedule(case: Case) -> None:
    case.set_up(delays=[0.1])
    case.receiver.answer(case.path, lambda same: Reply(429, (("Retry-After", "3"),)) if len(same) == 1 else Reply())
    case.send()
    (run,) = case.ended_runs()
    first, second = case.requests()
    assert run["status"] == "COMPLETED"
    assert second.at - first.at >= 3.0
