"""External mappings at send time: found, the request carries the external id; missing, nothing is sent."""

from typing import Any

import orjson

from tests.flow.conftest import Case
from tests.waiting import wait_for


def native(case: Case) -> None:
    """An integration that asks for the ledger's id of each bill. Retries are set, so that none is seen to be made."""
    case.set_up(
        delays=[0.5, 0.5],
        kind="native",
        mapping={
            "entity_type": "bill",
            "entity_id": "data.bill.id",
            "external_system": case.name,
            "external_table": "invoices",
        },
        request={"body": '{"invoice": mapping.external_id, "amount": data.bill.amount}'},
    )


def create_mapping(case: Case, entity_id: str, external_id: str) -> None:
    mapping = {
        "entity_type": "bill",
        "entity_id": entity_id,
        "external_system": case.name,
        "external_table": "invoices",
        "external_id": external_id,
    }
    response = case.http.post("/v1/mappings", json={"mappings": [mapping]})
    assert response.status_code == 200, response.text


def bodies(case: Case) -> list[Any]:
    return [orjson.loads(request.body) for request in case.requests()]


def test_a_request_carries_the_id_by_which_the_receiver_knows_the_entity(case: Case) -> None:
    native(case)
    create_mapping(case, "b-7", "INV 7/Ü")
    case.send({"bill": {"id": "b-7", "amount": 12}})
    [run] = case.ended_runs()
    assert run["status"] == "COMPLETED"
    assert bodies(case) == [{"invoice": "INV 7/Ü", "amount": 12}]


def test_without_the_mapping_the_run_ends_at_once_and_nothing_is_sent(case: Case) -> None:
    native(case)
    create_mapping(case, "b-7", "INV-7")
    case.send({"bill": {"id": "b-8", "amount": 12}})
    [run] = case.ended_runs()
    assert run["status"] == "FAILED"
    assert case.requests() == []
    [error] = wait_for(
        lambda: case.integration_events("integration.missingaccountmapping.error"), "the missing mapping's error"
    )
    assert error["entity"] == {"type": "bill", "id": "b-8"}
    assert (error["error"]["code"], error["error"]["origin"]) == ("mapping.missing", "hookfleet")
    assert error["attempts"] == 1
    for said in ("bill", "b-8", "Create the external mapping"):
        assert said in error["message"]


def test_a_mapping_holds_for_the_next_event_created_edited_or_deleted(case: Case) -> None:
    native(case)
    event = {"bill": {"id": "b-9", "amount": 1}}
    case.send(event)
    case.ended_runs()
    create_mapping(case, "b-9", "first")
    case.send(event)
    case.ended_runs()
    create_mapping(case, "b-9", "second")
    case.send(event)
    case.ended_runs()
    [mapping] = case.get("/v1/mappings", external_system=case.name, external_id="second")["items"]
    assert case.http.delete(f"/v1/mappings/{mapping['id']}").status_code == 204
    case.send(event)
    runs = case.ended_runs()
    assert [body["invoice"] for body in bodies(case)] == ["first", "second"]
    assert sorted(run["status"] for run in runs) == ["COMPLETED", "COMPLETED", "FAILED", "FAILED"]
