"""What records say as rows, and which records are refused with the field and the fix."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.core.rows import MAX_TIME_MS, Row, TableName
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.integration_events import ENABLED, IntegrationEnabled, RunStatus
from shared.core.records import Record
from shared.core.resources import HmacCredential, Kind, Resource
from shared.core.topics import MAX_EVENT_BYTES, config_key
from tests.unit.event_recorder import records

READER = RecordReader(records.TOPICS)


def rows(record: Record) -> dict[TableName, Row]:
    return {fact.table: fact.row for fact in READER.read(record).facts}


def changed(record: Record, *path: str, value: Any) -> Record:
    """The record with another value at ``path`` in its JSON."""
    document = json.loads(record.value or b"")
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return replace(record, value=json.dumps(document).encode())


def test_exactly_the_recorded_topics_are_read() -> None:
    recorded = ("system-events", "run-log", "integration-events", "config", "integration-state")
    assert sorted(READER.topics) == sorted(recorded)


def test_a_system_event_is_kept_as_it_came() -> None:
    record = records.system_event(data='{"total": 12345678901234567890123.5,  "n": null}')
    row = rows(record)[TableName.EVENTS]
    assert row["document"] == (record.value or b"").decode()
    assert (row["organization"], row["id"], row["accepted_ms"]) == ("acme", "e-1", records.START_MS)


def test_a_binary_mode_event_is_kept_in_structured_form() -> None:
    attributes = {"specversion": "1.0", "id": "e-1", "source": "s", "type": "t", "organization": "acme"}
    headers = tuple((f"ce_{name}", text.encode()) for name, text in attributes.items())
    record = replace(records.system_event(), header_list=headers, value=b'{"n":1}')
    document = json.loads(str(rows(record)[TableName.EVENTS]["document"]))
    assert document == {**attributes, "data": {"n": 1}}


def test_an_event_over_the_limit_is_kept_without_its_payload() -> None:
    record = records.system_event(data='"' + "x" * MAX_EVENT_BYTES + '"')
    document = json.loads(str(rows(record)[TableName.EVENTS]["document"]))
    assert document["id"] == "e-1"
    assert "data" not in document


@pytest.mark.parametrize("timestamp_ms", [-1, 2**62])
def test_a_producers_impossible_clock_does_not_lose_its_event(timestamp_ms: int) -> None:
    row = rows(replace(records.system_event(), timestamp_ms=timestamp_ms))[TableName.EVENTS]
    assert row["accepted_ms"] in (0, MAX_TIME_MS)


def test_an_attempt_keeps_its_stages_and_its_exchange() -> None:
    row = rows(records.attempt(2, offset=9))[TableName.ATTEMPTS]
    assert json.loads(str(row["stages"]))[0]["name"] == "PERFORM"
    assert json.loads(str(row["exchange"]))["response"]["status"] == 500
    assert (row["number"], row["topic_offset"]) == (2, 9)


def test_a_receivers_nul_bytes_are_escaped_rather_than_refused() -> None:
    row = rows(records.attempt(answer="a\0b"))[TableName.ATTEMPTS]
    assert "\0" not in str(row["exchange"])
    assert json.loads(str(row["exchange"]))["response"]["body"]["text"] == "a\0b"


def test_a_skip_keeps_the_request_that_was_not_sent() -> None:
    row = rows(records.skip())[TableName.SKIPS]
    assert json.loads(str(row["document"]))["body"]["text"] == '{"id":"e-1"}'


def test_only_terminal_integration_events_are_outcomes() -> None:
    enabled = IntegrationEnabled(integration_id="i", epoch=1, since_ms=1, requested_by="a key")
    assert TableName.OUTCOMES in rows(records.outcome(RunStatus.DISABLED))
    assert TableName.OUTCOMES not in rows(records.integration_event(ENABLED, enabled, "id-1"))


@pytest.mark.parametrize(
    ("time", "ms"),
    [
        ("1970-01-01T00:00:00.250Z", 250),
        ("1970-01-01T02:00:00.0009+01:00", 3_600_000),
        ("0001-01-01T00:00:00+23:59", 0),
        ("9999-12-31T23:59:59-23:59", MAX_TIME_MS),
    ],
)
def test_an_integration_events_time_is_sorted_as_an_instant(time: str, ms: int) -> None:
    enabled = IntegrationEnabled(integration_id="i", epoch=1, since_ms=1, requested_by="a key")
    record = records.integration_event(ENABLED, enabled, "id-1", time=time)
    assert rows(record)[TableName.INTEGRATION_EVENTS]["time_ms"] == ms


def test_a_sealed_secret_stays_on_the_topic() -> None:
    spec = HmacCredential(kind="hmac", name="signing")
    resource = Resource(
        kind=Kind.CREDENTIAL,
        organization="acme",
        id="signing",
        spec=spec,
        sealed=("v1.k1.sealed",),
        created_ms=1,
        updated_ms=1,
    )
    key = config_key("credential", "acme", "signing")
    row = rows(records.record("config", key, resource.encode(), 3))[TableName.RESOURCES]
    assert "sealed" not in str(row)
    assert json.loads(str(row["spec"]))["name"] == "signing"


def test_a_tombstone_empties_the_row_and_leaves_its_version() -> None:
    row = rows(records.integration_resource(None, offset=8))[TableName.RESOURCES]
    assert (row["spec"], row["version"]) == (None, 8)
    assert rows(records.state(None, offset=4))[TableName.INTEGRATION_STATES]["state"] is None


@pytest.mark.parametrize(
    ("record", "field"),
    [
        (replace(records.system_event(), value=b"{"), "(value)"),
        (replace(records.system_event(), value=None), "(value)"),
        (replace(records.system_event(), value=b'{"id":"\\ud800"}'), "(value)"),
        (changed(records.match(), "config_offset", value=2**63), "config_offset"),
        (changed(records.match(), "matched_ms", value=MAX_TIME_MS + 1), "matched_ms"),
        (changed(records.match(), "event", "source", value="a\0b"), "event_source"),
        (changed(records.attempt(), "number", value=-1), "number"),
        (changed(records.attempt(), "run", "created_ms", value=10**30), "created_ms"),
        (changed(records.attempt(), "run", "rule_id", value="\0"), "rule_id"),
        (changed(records.outcome(), "data", "ended_ms", value=-1), "ended_ms"),
        (changed(records.outcome(), "type", value="integration.of.tomorrow"), "type"),
        (replace(records.outcome(), value=None), "(value)"),
        (replace(records.integration_resource("n"), key=b"integration/acme/other"), "(key)"),
        (replace(records.integration_resource(None), key=b"integration/acme"), "(key)"),
        (replace(records.integration_resource(None), key=None), "(key)"),
        (replace(records.integration_resource(None), key=b"integration/acme/\0"), "id"),
        (replace(records.state(True), key=b"acme/other"), "(key)"),
    ],
)
def test_what_cannot_be_stored_or_shown_is_refused_by_its_field(record: Record, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        READER.read(record)
    assert field in {fault.field for fault in refused.value.faults}


@pytest.mark.parametrize(
    "record",
    [
        replace(records.attempt(), value=None),
        replace(records.attempt(), value=b'{"kind":"attempt"}'),
        replace(records.attempt(), value=b'{"kind":"tomorrow"}'),
        replace(records.match(), value=b"[" * 5_000),
        replace(records.match(), value=b'{"kind":"match","organization":"\\ud800"}'),
        replace(records.integration_resource("n"), value=b"{}"),
        replace(records.state(True), value=b"\xff"),
    ],
)
def test_what_is_no_message_of_its_topic_is_refused(record: Record) -> None:
    with pytest.raises(ValidationError):
        READER.read(record)


@pytest.mark.parametrize(
    "record",
    [
        records.system_event(),
        records.match(),
        records.attempt(),
        records.outcome(RunStatus.COMPLETED),
        records.integration_resource("n"),
        records.state(True),
    ],
    ids=lambda record: record.topic,
)
def test_a_record_with_a_fault_of_its_own_is_refused_whatever_it_says(record: Record) -> None:
    fault = Fault("(headers)", "a name is not UTF-8", "send names in UTF-8")
    with pytest.raises(InvalidInput) as refused:
        READER.read(replace(record, fault=fault))
    assert refused.value.faults == (fault,)
