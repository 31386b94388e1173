"""What each listing finds, alone and together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from services.event_recorder import schema
from tests.component.event_recorder.rows import insert
from tests.component.event_recorder.serving import got
from tests.unit.event_recorder import records

Served = tuple[Engine, httpx.Client]
Row = dict[str, Any]
START = records.START_MS
#: START_MS and the second after it, as requests say them.
AT, LATER = "2027-01-15T08:00:00Z", "2027-01-15T08:00:01+00:00"


def found(api: httpx.Client, path: str, key: str, **filters: str) -> set[str]:
    """What a listing gives, by one field."""
    return {item[key] for item in got(api, path, **filters)["items"]}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "abc"),
        ({"integration": "i-2"}, "b"),
        ({"rule": "rule-2"}, "c"),
        ({"status": "FAILED"}, "bc"),
        ({"status": "FAILED", "rule": "rule-1"}, "b"),
        ({"event": "e-2"}, "c"),
        ({"entity": "7"}, "ab"),
        ({"entity": "7", "entity_type": "bill"}, "a"),
        ({"trigger": "replay"}, "b"),
        ({"origin": "a"}, "b"),
        ({"since": LATER}, "bc"),
        ({"until": LATER}, "a"),
        ({"since": LATER, "until": "2027-01-15T10:00:01.001+02:00", "status": "FAILED"}, "b"),
    ],
)
def test_runs_are_found_by(api: httpx.Client, served: Served, filters: dict[str, str], expected: str) -> None:
    insert(
        served[0],
        schema.runs,
        [
            _run("a", entity_type="bill", entity_id="7"),
            _run("b", integration_id="i-2", status="FAILED", entity_type="user", entity_id="7", created_ms=START + 1000)
            | {"trigger": "replay", "origin_run_id": "a"},
            _run("c", rule_id="rule-2", status="FAILED", event_id="e-2", entity_id="bill/1", created_ms=START + 1001),
        ],
    )
    assert found(api, "/v1/runs", "run_id", **filters) == set(expected)


def _run(run_id: str, **said: Any) -> Row:
    absent: Row = {"origin_run_id": None, "entity_type": None, "entity_id": None, "rule_id": "rule-1"}
    defaults = {"integration_id": "i-1", "trigger": "event", "event_id": "e-1", "status": "WAITING"}
    return {"run_id": run_id, "created_ms": START, **absent, **defaults, **said}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "ac"),
        ({"actioned": "yes"}, "bd"),
        ({"actioned": "all"}, "abcd"),
        ({"actioned": "all", "resolved": "yes"}, "cd"),
        ({"resolved": "no"}, "a"),
        ({"type": "integration.perform.error"}, "c"),
        ({"type": "integration.perform.error", "actioned": "all"}, "bc"),
        ({"type": "integration.perform.error", "actioned": "all", "integration": "i-2"}, "b"),
        ({"integration": "i-2", "actioned": "all"}, "bd"),
        ({"text": "receiver"}, "ac"),
        ({"text": "500 RECEIVER", "actioned": "all"}, "ab"),
        ({"text": "100%"}, "c"),
        ({"text": "0_%"}, ""),
        ({"since": LATER, "actioned": "all"}, "d"),
        ({"until": LATER}, "ac"),
    ],
)
def test_integration_events_are_found_by(
    api: httpx.Client, served: Served, filters: dict[str, str], expected: str
) -> None:
    failed: Row = {"type": "integration.perform.error"}
    by_hand: Row = {"actioned_ms": None, "actioned_by": None, "resolved_ms": None, "resolved_by": None}
    by_hand |= {"type": "integration.enabled", "time_ms": START}
    actioned, resolved = {"actioned_ms": START, "actioned_by": "me"}, {"resolved_ms": START, "resolved_by": "me"}
    one, other = {"integration_id": "i-1"}, {"integration_id": "i-2"}
    insert(
        served[0],
        schema.integration_events,
        [
            {"id": "a", "message": "The Receiver answered 500."} | by_hand | one,
            {"id": "b", "message": "receiver: 500"} | by_hand | failed | actioned | other,
            {"id": "c", "message": "100% of receivers"} | by_hand | failed | resolved | one,
            {"id": "d", "message": None} | by_hand | actioned | resolved | other | {"time_ms": START + 1000},
        ],
    )
    assert found(api, "/v1/integration-events", "id", **filters) == set(expected)


def test_who_actioned_and_resolved_an_event_is_told(api: httpx.Client, served: Served) -> None:
    acts = {"actioned_ms": START, "actioned_by": "me", "resolved_ms": START + 1000, "resolved_by": "you"}
    insert(served[0], schema.integration_events, [{"id": "a", **acts}])
    (item,) = got(api, "/v1/integration-events", actioned="all")["items"]
    assert item["actioned"] == {"at": "2027-01-15T08:00:00.000Z", "by": "me"}
    assert item["resolved"] == {"at": "2027-01-15T08:00:01.000Z", "by": "you"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "abcd"),
        ({"severity": "ERROR"}, "a"),
        ({"status": "NEW"}, "bd"),
        ({"status": "IN PROGRESS"}, "a"),
        ({"status": "RESOLVED"}, "c"),
        ({"integration": "i-2"}, "bd"),
        ({"integration": "i-2", "type": "integration.enabled"}, "d"),
        ({"type": "integration.perform.error"}, "abc"),
        ({"since": LATER}, "bd"),
        ({"until": LATER}, "abc"),
    ],
)
def test_alerts_are_found_by(api: httpx.Client, served: Served, filters: dict[str, str], expected: str) -> None:
    quiet: Row = {"status_set": None, "status_ms": None, "status_by": None, "severity": "WARN", "integration_id": "i-1"}
    quiet |= {"type": "integration.perform.error", "first_ms": START, "last_ms": START}
    begun: Row = {"status_set": "IN PROGRESS", "status_ms": START, "status_by": "me"}
    ended = begun | {"status_set": "RESOLVED"}
    other = {"integration_id": "i-2"}
    insert(
        served[0],
        schema.alerts,
        [
            {"id": "a"} | quiet | begun | {"severity": "ERROR"},
            # It came up again after it was resolved.
            {"id": "b"} | quiet | ended | other | {"last_ms": START + 1000},
            {"id": "c"} | quiet | ended,
            {"id": "d"}
            | quiet
            | other
            | {"first_ms": START + 1000, "last_ms": START + 1000}
            | {"type": "integration.enabled"},
        ],
    )
    assert found(api, "/v1/alerts", "id", **filters) == set(expected)


def test_an_alert_tells_when_it_came_up_and_who_has_it(
    api: httpx.Client, served: Served, store: Callable[..., None]
) -> None:
    store(records.integration_resource("Bills to ERP"))
    begun = {"status_set": "IN PROGRESS", "status_ms": START + 2000, "status_by": "me"}
    insert(served[0], schema.alerts, [{"id": "a", "last_ms": START + 1000, **begun}])
    assert got(api, "/v1/alerts")["items"] == [
        {
            "id": "a",
            "severity": "WARN",
            "status": "IN PROGRESS",
            "type": "integration.perform.error",
            "integration_id": "bills-to-erp",
            "integration_name": "Bills to ERP",
            "description": "The receiver answered 500.",
            "first": "2027-01-15T08:00:00.000Z",
            "last": "2027-01-15T08:00:01.000Z",
            "changed": {"at": "2027-01-15T08:00:02.000Z", "by": "me"},
        }
    ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, "abc"),
        ({"type": "billing.bill.created"}, "ab"),
        ({"subject": "bill/1"}, "bc"),
        ({"subject": "bill/1", "type": "billing.bill.created"}, "b"),
        ({"since": LATER}, "c"),
        ({"until": LATER}, "ab"),
    ],
)
def test_recent_events_are_found_by(api: httpx.Client, served: Served, filters: dict[str, str], expected: str) -> None:
    deleted = {"type": "billing.bill.deleted", "subject": "bill/1", "accepted_ms": START + 1000}
    created = {"type": "billing.bill.created", "subject": None, "accepted_ms": START}
    insert(
        served[0],
        schema.events,
        [{"id": "a"} | created, {"id": "b"} | created | {"subject": "bill/1"}, {"id": "c"} | deleted],
    )
    assert found(api, "/v1/recent-events", "id", **filters) == set(expected)


def test_a_recent_event_is_told_as_it_came(api: httpx.Client, store: Callable[..., None]) -> None:
    store(records.system_event(data='{"total": 12345678901234567890}'))
    (item,) = got(api, "/v1/recent-events")["items"]
    assert item.pop("event")["data"] == {"total": 12345678901234567890}
    assert item == {
        "accepted": "2027-01-15T08:00:00.000Z",
        "source": "billing",
        "id": "e-1",
        "type": "billing.bill.created",
    }


@pytest.mark.parametrize(
    ("filters", "expected"),
    [({}, "ab"), ({"by": "me"}, "a"), ({"act": "run-replayed"}, "b"), ({"since": LATER}, "b"), ({"until": LATER}, "a")],
)
def test_acts_are_found_by(api: httpx.Client, served: Served, filters: dict[str, str], expected: str) -> None:
    acts = [{"id": "a", "by": "me", "act": "actioned", "at_ms": START}]
    acts.append({"id": "b", "by": "you", "act": "run-replayed", "at_ms": START + 1000})
    insert(served[0], schema.trail, acts)
    assert found(api, "/v1/trail", "id", **filters) == set(expected)


def test_an_act_tells_who_did_what_to_what(api: httpx.Client, served: Served) -> None:
    insert(served[0], schema.trail, [{"id": "a", "detail": '{"source":"hookfleet/dispatcher"}'}])
    assert got(api, "/v1/trail")["items"] == [
        {
            "id": "a",
            "at": "2027-01-15T08:00:00.000Z",
            "by": "a key",
            "act": "actioned",
            "subject_kind": "integration-event",
            "subject_id": "x",
            "detail": {"source": "hookfleet/dispatcher"},
        }
    ]


def test_a_replay_and_its_origin_name_each_other(api: httpx.Client, served: Served) -> None:
    insert(
        served[0],
        schema.runs,
        [
            {"run_id": "first", "origin_run_id": None},
            {"run_id": "again", "origin_run_id": "first", "trigger": "replay", "created_ms": START + 1000},
        ],
    )
    again = {"run_id": "again", "trigger": "replay", "status": "COMPLETED", "created": "2027-01-15T08:00:01.000Z"}
    assert got(api, "/v1/runs/first")["replays"] == [again]
    assert got(api, "/v1/runs/again")["origin_run_id"] == "first"
    assert [run["run_id"] for run in got(api, "/v1/events/e-1/trace")["runs"]] == ["first", "again"]
    assert [fired["run_id"] for fired in got(api, "/v1/events/e-1/trace")["fired"]] == ["first"]
