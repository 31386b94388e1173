"""An error event tells people what happened, whom it is about and who acted, wherever the event said so."""

from tests.flow.conftest import Case
from tests.flow.receiver import Reply
from tests.waiting import wait_for


def test_an_error_event_tells_cause_remedy_entity_and_who_acted(case: Case) -> None:
    case.set_up(delays=[])
    case.receiver.answer(case.path, Reply(422))
    data = {
        "user": {"id": "u-7", "email": "ada@example.com"},
        "company": {"id": 12, "name": "ACME"},
        "application": {"id": "a-3", "uuid": "0f3f5e0e-5c0f-4b8e-9b6e-2f6f3f1f9d11", "name": "Billing"},
    }
    case.send(data, subject="bill/42", applicationname="Billing, the new one")
    (run,) = case.ended_runs()
    (error,) = wait_for(case.integration_events, "the error event")
    assert (error["name"], error["run_id"]) == ("integration.validation.error", run["run_id"])
    assert error["integration_name"] == case.name
    said = error["error"]
    assert (said["code"], said["origin"]) == ("http.422", "receiver")
    assert said["cause"] in error["message"]
    assert said["remedy"] in error["message"]
    assert error["entity"] == {"type": "bill", "id": "42"}
    assert error["context"] == {
        "user_id": "u-7",
        "user_email": "ada@example.com",
        "company_id": "12",
        "company_name": "ACME",
        "application_id": "a-3",
        "application_uuid": "0f3f5e0e-5c0f-4b8e-9b6e-2f6f3f1f9d11",
        "application_name": "Billing, the new one",
    }


def test_what_could_not_be_reached_says_why_in_a_code_of_ours(case: Case) -> None:
    case.apply(
        case.credential(),
        case.webhook(url="https://127.0.0.1:1/hooks"),
        case.rule(),
        case.integration([]),
    )
    case.send()
    case.ended_runs()
    (error,) = wait_for(case.integration_events, "the error event")
    assert (error["name"], error["error"]["code"]) == ("integration.perform.error", "connect.refused")
    assert error["error"]["origin"] == "hookfleet"
