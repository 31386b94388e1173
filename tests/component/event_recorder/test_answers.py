"""What the query API tells of what happened, asked as a user asks it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import httpx

from shared.core.identifiers import event_id_of_run
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    ENABLE_REQUESTED,
    ENABLED,
    MISSING_MAPPING_ERROR,
    PERFORM_ERROR,
    CallerContext,
    Entity,
    ErrorDetail,
    EventData,
    IntegrationDisabled,
    IntegrationEnabled,
    RunOutcome,
    RunStatus,
    StateRequest,
    decode_integration_event,
)
from shared.core.messages.run_log import UnevaluableRule
from tests.component.event_recorder.serving import got, refused
from tests.unit.event_recorder import records

Store = Callable[..., None]


def test_an_integration_event_says_what_happened_and_to_which_integration(api: httpx.Client, store: Store) -> None:
    store(records.integration_resource("Bills to ERP"), records.outcome(RunStatus.FAILED, attempts=4))
    assert got(api, "/v1/integration-events") == {
        "items": [
            {
                "id": event_id_of_run(records.run_id(), PERFORM_ERROR),
                "source": "hookfleet/dispatcher",
                "type": "integration.perform.error",
                "name": "integration.perform.error",
                "date": "2027-01-15T08:00:09.000Z",
                "message": "Failed for good.",
                "integration_id": "bills-to-erp",
                "integration_name": "Bills to ERP",
                "run_id": records.run_id(),
                "status": "FAILED",
                "error": {
                    "code": "http_500",
                    "origin": "receiver",
                    "cause": "The receiver answered 500.",
                    "remedy": "Look at the receiver's log.",
                },
                "attempts": 4,
                "actioned": None,
                "resolved": None,
                "superseded": False,
            }
        ],
        "next": None,
    }


def test_an_error_event_tells_the_detail_the_entity_and_who_acted(api: httpx.Client, store: Store) -> None:
    plain = decode_integration_event(records.outcome(RunStatus.FAILED).value or b"").data
    assert isinstance(plain, RunOutcome)
    error = ErrorDetail(**records.ERROR.model_dump() | {"detail": "account 7 in erp"})
    entity, context = Entity(type="account", id="7"), CallerContext(user_id="u-7", company_name="ACME")
    data = plain.model_copy(update={"error": error, "entity": entity, "context": context})
    store(records.integration_event(MISSING_MAPPING_ERROR, data, "e"))
    (item,) = got(api, "/v1/integration-events")["items"]
    assert item["error"]["detail"] == "account 7 in erp"
    assert item["entity"] == {"type": "account", "id": "7"}
    assert item["context"] == {"user_id": "u-7", "company_name": "ACME"}
    assert got(api, f"/v1/runs/{data.run_id}")["error"]["detail"] == "account 7 in erp"


def test_events_about_an_integration_itself_have_a_message_too(api: httpx.Client, store: Store) -> None:
    said: dict[str, EventData] = {
        ENABLED: IntegrationEnabled(integration_id="i", epoch=1, since_ms=1, requested_by="a key"),
        ENABLE_REQUESTED: StateRequest(integration_id="i", requested_by="a key", reason="mended"),
        DISABLED_ERROR: IntegrationDisabled(
            integration_id="i", epoch=1, since_ms=1, reason="20 runs failed", message="Mend the receiver."
        ),
    }
    store(
        *(
            records.integration_event(kind, data, kind, offset=offset)
            for offset, (kind, data) in enumerate(said.items())
        )
    )
    items = got(api, "/v1/integration-events")["items"]
    assert {item["type"]: item["message"] for item in items} == {
        ENABLED: "Enabled by a key.",
        ENABLE_REQUESTED: "Requested by a key: mended",
        DISABLED_ERROR: "Mend the receiver.",
    }
    assert not any({"run_id", "status", "attempts", "integration_name"} & set(item) for item in items)


def test_a_deleted_integration_has_no_name_any_more(api: httpx.Client, store: Store) -> None:
    store(records.outcome(), records.integration_resource("one", offset=1))
    store(records.integration_resource(None, offset=2))
    assert "integration_name" not in got(api, "/v1/integration-events")["items"][0]


def test_a_later_outcome_is_shown_as_superseded_and_counted(api: httpx.Client, store: Store) -> None:
    store(records.outcome(RunStatus.COMPLETED, offset=2), records.outcome(RunStatus.FAILED, offset=1))
    events = got(api, "/v1/integration-events")["items"]
    assert {event["status"]: event["superseded"] for event in events} == {"FAILED": False, "COMPLETED": True}
    (run,) = got(api, "/v1/runs")["items"]
    assert (run["status"], run["superseded_outcomes"]) == ("FAILED", 1)
    outcomes = got(api, f"/v1/runs/{run['run_id']}")["outcomes"]
    assert [(outcome["status"], outcome["superseded"]) for outcome in outcomes] == [
        ("FAILED", False),
        ("COMPLETED", True),
    ]


def test_integration_events_are_filtered_by_type_and_by_integration(api: httpx.Client, store: Store) -> None:
    other = StateRequest(integration_id="other", requested_by="a key", reason="mended")
    store(records.outcome(), records.integration_event(ENABLE_REQUESTED, other, "r-1", offset=1))
    assert len(got(api, "/v1/integration-events")["items"]) == 2
    for found in (
        got(api, "/v1/integration-events", type=ENABLE_REQUESTED),
        got(api, "/v1/integration-events", integration="other"),
        got(api, "/v1/integration-events", integration="other", type=ENABLE_REQUESTED),
    ):
        assert [item["id"] for item in found["items"]] == ["r-1"]
    assert got(api, "/v1/integration-events", integration="bills-to-erp", type=ENABLED)["items"] == []


def test_a_run_item_holds_what_the_listing_shows(api: httpx.Client, store: Store) -> None:
    store(records.match(), records.attempt(1, retry_due_ms=records.START_MS + 2_000))
    assert got(api, "/v1/runs")["items"] == [
        {
            "run_id": records.run_id(),
            "webhook_id": records.run_id(),
            "integration_id": "bills-to-erp",
            "rule_id": "large-bills",
            "trigger": "event",
            "event": {"source": "billing", "id": "e-1", "type": "billing.bill.created", "subject": "bill/1"},
            "entity": {"id": "bill/1"},
            "status": "AWAITING_RETRY",
            "attempts": 1,
            "created": "2027-01-15T08:00:00.000Z",
            "accepted": "2027-01-15T07:59:59.995Z",
            "superseded_outcomes": 0,
            "error": records.ERROR.model_dump(mode="json", exclude_none=True),
        }
    ]


def test_a_run_shows_every_attempt_with_its_exchange(api: httpx.Client, store: Store) -> None:
    store(
        records.match(),
        records.attempt(1, offset=1, retry_due_ms=records.START_MS + 2_000, answer="a\0b"),
        records.attempt(2, offset=2, succeeded=True),
        records.outcome(attempts=2),
    )
    run = got(api, f"/v1/runs/{records.run_id()}")
    first, second = run["attempts"]
    assert (run["status"], run["ended"]) == ("COMPLETED", "2027-01-15T08:00:09.000Z")
    assert first["stages"] == [
        {"name": "PERFORM", "started": "2027-01-15T08:00:01.000Z", "duration_ms": 39, "ok": False}
    ]
    assert first["exchange"]["response"]["body"]["text"] == "a\0b"
    assert (first["number"], first["started"], first["retry_due"]) == (
        1,
        "2027-01-15T08:00:01.000Z",
        "2027-01-15T08:00:02.000Z",
    )
    assert first["error"]["code"] == "http_500"
    assert (second["number"], second["succeeded"]) == (2, True)
    assert not {"error", "retry_due"} & set(second)
    assert run["skips"] == []


def test_a_run_that_was_not_tried_shows_why_and_the_request(api: httpx.Client, store: Store) -> None:
    store(records.match(), records.skip(), records.outcome(RunStatus.DISABLED, attempts=0))
    run = got(api, f"/v1/runs/{records.run_id()}")
    assert run["status"] == "DISABLED"
    assert run["attempts"] == []
    assert run["skips"] == [
        {
            "step": 0,
            "skipped": "2027-01-15T08:00:00.010Z",
            "status": "DISABLED",
            "reason": "The integration is disabled.",
            "body": {"text": '{"id":"e-1"}', "size": 12, "truncated": False},
        }
    ]


def test_runs_are_filtered_by_integration_status_and_event(api: httpx.Client, store: Store) -> None:
    store(records.match("e-1", offset=1), records.match("e-2", offset=2), records.outcome(event_id="e-2"))
    assert len(got(api, "/v1/runs", integration="bills-to-erp")["items"]) == 2
    assert got(api, "/v1/runs", integration="other")["items"] == []
    for found in (got(api, "/v1/runs", status="COMPLETED"), got(api, "/v1/runs", event="e-2")):
        assert [run["event"]["id"] for run in found["items"]] == ["e-2"]
    assert got(api, "/v1/runs", status="COMPLETED", event="e-1")["items"] == []


def test_an_event_is_traced_to_what_it_led_to(api: httpx.Client, store: Store) -> None:
    store(
        records.system_event(data='{"total": 12345678901234567890}'),
        records.match(unevaluable=(UnevaluableRule(rule_id="overdue", reason="no such key: due"),)),
        records.outcome(),
    )
    trace = got(api, "/v1/events/e-1/trace")
    assert trace["event"]["data"] == {"total": 12345678901234567890}
    assert (trace["outcome"], trace["matched"], trace["config_offset"]) == ("matched", True, 7)
    assert trace["fired"] == [{"rule_id": "large-bills", "integration_id": "bills-to-erp", "run_id": records.run_id()}]
    assert trace["unevaluable"] == [{"rule_id": "overdue", "reason": "no such key: due"}]
    assert [run["status"] for run in trace["runs"]] == ["COMPLETED"]
    assert trace["accepted"] == "2027-01-15T07:59:59.995Z"


def test_an_event_that_matched_nothing_is_told_from_one_not_matched_yet(api: httpx.Client, store: Store) -> None:
    store(records.system_event())
    early = got(api, "/v1/events/e-1/trace")
    assert (early["outcome"], early["matched"], early["config_offset"]) == ("not matched yet", False, None)
    store(records.match(fires=False))
    later = got(api, "/v1/events/e-1/trace")
    assert (later["outcome"], later["matched"], later["fired"]) == ("matched nothing", False, [])


def test_a_run_alone_traces_its_event(api: httpx.Client, store: Store) -> None:
    store(records.outcome())
    trace = got(api, "/v1/events/e-1/trace")
    assert (trace["event"]["id"], trace["outcome"], trace["unevaluable"]) == ("e-1", "matched", [])


def test_an_integration_event_is_traced_like_any_other(api: httpx.Client, store: Store) -> None:
    enabled = IntegrationEnabled(integration_id="i", epoch=1, since_ms=1, requested_by="a key")
    store(records.integration_event(ENABLED, enabled, "id-1"))
    trace = got(api, "/v1/events/id-1/trace", source="hookfleet/dispatcher")
    assert trace["event"]["type"] == ENABLED


def test_an_event_id_may_hold_slashes_and_blanks(api: httpx.Client, store: Store) -> None:
    store(records.system_event("a/b trace"))
    assert got(api, "/v1/events/a%2Fb%20trace/trace")["event"]["id"] == "a/b trace"


def test_two_events_of_one_id_are_told_apart_by_their_source(api: httpx.Client, store: Store) -> None:
    one = records.system_event()
    other = replace(one, offset=1, value=(one.value or b"").replace(b'"billing"', b'"crm"'))
    store(one, other)
    problem = refused(api, "/v1/events/e-1/trace", 422)
    assert problem["errors"][0]["field"] == "source"
    assert "billing, crm" in problem["errors"][0]["fix"]
    assert got(api, "/v1/events/e-1/trace", source="crm")["event"]["source"] == "crm"
