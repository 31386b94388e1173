"""The worked example of a native integration, deploy/samples/native-billing.yaml.

Bills become bookings, and each of the five errors tells what went wrong and what to do.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.flow.billing_api import KEY, BillingApi
from tests.flow.conftest import Case
from tests.flow.test_matching import trace_of
from tests.waiting import wait_for

SAMPLE = Path(__file__).parents[2] / "deploy" / "samples" / "native-billing.yaml"
BILL = {
    "id": "b-1",
    "customer": "c-42",
    "amount": 120.5,
    "currency": "EUR",
    "lines": [{"text": "Tea", "amount": 120.5}],
}


@pytest.fixture
def ledger() -> Iterator[BillingApi]:
    api = BillingApi({"D10042"})
    yield api
    api.close()


def set_up(case: Case, ledger: BillingApi, key: str = KEY, **integration: Any) -> None:
    """The sample with ids, event type and customer of the case's own, and the stand-in's URL."""
    resources = list(yaml.safe_load_all(SAMPLE.read_text()))
    for resource in resources:
        resource["id"] = case.name
        spec = resource["spec"]
        match resource["kind"]:
            case "credential":
                spec["value"] = key
            case "webhook":
                spec |= {"url": ledger.url, "credentials": [case.name]}
            case "mapping":
                spec["entity_id"] = customer(case)
            case "notification-rule":
                spec["event_type"] = case.event_type
            case "integration":
                spec |= {"rule": case.name, "webhook": case.name, "retry": {"delays_seconds": []}, **integration}
    case.apply(*resources)


def customer(case: Case) -> str:
    return f"c-42-{case.name}"


def send(case: Case, **changes: Any) -> str:
    return case.send({"new": {**BILL, "customer": customer(case), **changes}})


def the_error(case: Case, status: str) -> dict[str, Any]:
    """The one error event of the case, whose one run ended with ``status``."""
    (run,) = case.ended_runs()
    assert run["status"] == status
    (error,) = wait_for(case.integration_events, "the error event")
    assert error["run_id"] == run["run_id"]
    assert error["error"]["cause"]
    assert error["error"]["remedy"]
    return error


def test_a_bill_is_booked_under_the_id_that_the_other_system_knows(case: Case, ledger: BillingApi) -> None:
    set_up(case, ledger)
    event_id = send(case)
    (run,) = case.ended_runs()
    assert run["status"] == "COMPLETED"
    assert ledger.booked == [
        {
            "debtor": "D10042",
            "query": "source=hookfleet",
            "number": "b-1",
            "total": {"value": 120.5, "currency": "EUR"},
            "lines": [{"text": "Tea", "value": 120.5}],
        }
    ]
    ((_, headers, _),) = ledger.requests
    assert headers["idempotency-key"] == event_id
    (attempt,) = case.get(f"/v1/runs/{run['run_id']}")["attempts"]
    stages = [stage["name"] for stage in attempt["stages"]]
    assert stages == ["MATCH", "MAP", "TRANSFORM", "AUTHENTICATE", "PERFORM"]


def test_a_bill_without_an_amount_is_a_validation_error_and_nothing_is_sent(case: Case, ledger: BillingApi) -> None:
    set_up(case, ledger)
    case.send({"new": {"id": "b-1", "customer": customer(case), "currency": "EUR"}})
    error = the_error(case, "FAILED")
    assert error["type"] == "integration.validation.error"
    assert error["error"]["code"] == "expression.failed"
    assert error["error"]["origin"] == "hookfleet"
    assert "amount" in str(error)
    assert ledger.requests == []


def test_a_bill_that_the_receiver_calls_incomplete_is_a_validation_error(case: Case, ledger: BillingApi) -> None:
    set_up(case, ledger)
    send(case, currency="")
    error = the_error(case, "FAILED")
    assert (error["type"], error["error"]["code"]) == ("integration.validation.error", "http.422")
    assert error["error"]["origin"] == "receiver"


def test_a_customer_without_a_mapping_is_named_and_nothing_is_sent(case: Case, ledger: BillingApi) -> None:
    set_up(case, ledger)
    send(case, customer=f"unknown-{case.name}")
    error = the_error(case, "FAILED")
    assert error["type"] == "integration.missingaccountmapping.error"
    assert error["error"]["code"] == "mapping.missing"
    assert error["entity"] == {"type": "customer", "id": f"unknown-{case.name}"}
    assert ledger.requests == []


def test_a_key_that_is_not_accepted_is_an_authentication_error(case: Case, ledger: BillingApi) -> None:
    set_up(case, ledger, key="an-old-key")
    send(case)
    error = the_error(case, "AUTH_FAILED")
    assert (error["type"], error["error"]["code"]) == ("integration.authentication.error", "http.401")
    assert ledger.booked == []


def test_an_answer_that_fails_the_success_test_is_a_perform_error(case: Case, ledger: BillingApi) -> None:
    set_up(case, ledger)
    send(case, amount=0)
    error = the_error(case, "FAILED")
    assert (error["type"], error["error"]["code"]) == ("integration.perform.error", "success.false")


def test_a_ledger_that_is_down_is_a_perform_error_and_then_disables(case: Case, ledger: BillingApi) -> None:
    set_up(case, ledger, disable={"failed_runs": 2})
    ledger.down = True
    send(case)
    error = the_error(case, "FAILED")
    assert (error["type"], error["error"]["code"]) == ("integration.perform.error", "http.503")
    send(case)
    case.wait_until_enabled(False)
    (disabled,) = wait_for(lambda: case.integration_events("integration.disabled.error"), "integration.disabled.error")
    assert "2" in disabled["message"]
    ledger.down = False
    before = len(ledger.requests)

    def status_of_next_run() -> str:
        event_id = send(case)
        (run,) = [run for run in case.ended_runs() if run["event"]["id"] == event_id]
        return str(run["status"])

    assert status_of_next_run() == "DISABLED"
    assert len(ledger.requests) == before
    assert case.http.post(f"/v1/integrations/{case.name}/enable").status_code == 202
    case.wait_until_enabled(True)
    wait_for(lambda: status_of_next_run() == "COMPLETED", "a booking after enabling")


def test_a_preset_with_a_key_in_its_body_keeps_it_out_of_everything_else(case: Case, ledger: BillingApi) -> None:
    key = "0123456789abcdef0123456789abcdef"
    credential = {"kind": "api-key", "name": "PagerDuty", "header": "", "value": key}
    case.apply(
        {"kind": "credential", "id": case.name, "spec": credential},
        case.webhook(),
        case.rule(),
        case.integration([], preset="pagerduty", message={"title": "'Bill ' + data.id"}),
    )
    case.send({"id": "b-1"})
    (request,) = wait_for(case.requests, "the request")
    assert f'"routing_key":"{key}"' in request.body.decode()
    assert "Bill b-1" in request.body.decode()
    assert "authorization" not in request.headers
    (run,) = case.ended_runs()
    # The receiver answered 200, where PagerDuty would have said 202.
    assert run["status"] == "FAILED"
    for path in (f"/v1/runs/{run['run_id']}", "/v1/integration-events", f"/v1/credentials/{case.name}"):
        assert key not in case.http.get(path).text


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"request": {"body": "{'a': data.}"}}, "request.body", "line 1, column 12"),
        ({"request": {"headers": {"X-A": "[1]"}}}, "request.headers.X-A", "gives list"),
        ({"success": "response.status"}, None, None),
        ({"success": "1 + 1"}, "success", "gives int"),
        ({"request": {"path": "'a/b'"}}, "request.path", "list of path segments"),
        ({"request": {"headers": {"Content-Length": "1"}}}, None, "set by Hookfleet"),
    ],
)
def test_an_expression_is_checked_when_it_is_written(
    case: Case, changes: dict[str, Any], field: str | None, said: str | None
) -> None:
    spec = case.integration(kind="native", **{"request": {}, **changes})
    response = case.http.post("/v1/apply", json={"resources": [case.credential(), case.webhook(), case.rule(), spec]})
    if said is None:
        assert response.status_code == 200, response.text
        return
    assert response.status_code == 422, response.text
    assert said in response.text
    assert field is None or any(each["field"].endswith(field) for each in response.json()["errors"])


def test_a_hostile_rule_does_not_fire_says_why_and_others_are_served(case: Case) -> None:
    condition = "data.big.all(a, data.big == data.big)"
    other = f"{case.name}-other"
    case.apply(
        *(case.credential(), case.webhook(), case.rule(condition=condition), case.integration([])),
        {**case.rule(event_type=f"{other}.made"), "id": other},
        {**case.webhook(path=f"/{other}", credentials=[]), "id": other},
        {**case.integration([], rule=other, webhook=other), "id": other},
    )
    hostile = ""
    for _ in range(20):
        hostile = case.send({"big": list(range(9_000))})
        case.send(type=f"{other}.made")
    wait_for(lambda: len(case.receiver.requests(f"/{other}")) == 20, "what others sent")
    trace = trace_of(case, hostile)
    assert trace["outcome"] == "matched nothing"
    assert "50 ms" in str(trace["unevaluable"]) or "used up their time" in str(trace["unevaluable"])
    assert case.requests() == []
