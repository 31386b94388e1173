"""What a replay sends, decided from what is kept of the run."""

from __future__ import annotations

import pytest

from services.event_recorder.core.replay import (
    EventGone,
    Origin,
    Selection,
    asks_for_event,
    event_in_body,
    replay_record,
    stored_body,
)
from shared.core.messages.base import EventRef
from shared.core.messages.delivery import StoredBody, Trigger, decode_delivery
from shared.core.messages.integration_events import RunStatus
from shared.core.messages.run_log import Body, HttpRequestRecord
from shared.core.resources import Integration
from shared.core.topics import topics

TOPICS = topics("", 6)
REF = EventRef(source="/s", id="e-1", type="bill.created", subject="bill/1")
EVENT = b'{"specversion":"1.0","id":"e-1","source":"/s","type":"bill.created"}'
CLOUD_EVENT = "application/cloudevents+json"


def kept(body: Body, content_type: str = CLOUD_EVENT) -> StoredBody | None:
    headers = (("Content-Type", content_type), ("webhook-id", "w"))
    return stored_body(HttpRequestRecord(method="POST", url="https://x.example", headers=headers, body=body))


def integration(**changes: object) -> Integration:
    return Integration.model_validate({"name": "n", "rule": "r", "webhook": "w", **changes})


def origin(stored: StoredBody | None, event: bytes | None) -> Origin:
    return Origin("acme", "run-1", "run-1", "to-erp", "r", REF, ("crm",), stored, event)


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (Body(text="grün", size=5), "grün".encode()),
        (Body(text="", size=0), b""),
        (Body(base64="/wA=", size=2), b"\xff\x00"),
        (Body(text="grün", size=4), None),
        (Body(text="ab", size=2, truncated=True), None),
        (Body(text="x(redacted)y", size=12), None),
        (Body(base64="?", size=1), None),
    ],
    ids=["text", "nothing", "bytes", "other size", "cut", "redacted by as much", "not base64"],
)
def test_a_body_is_sent_again_only_as_it_was(body: Body, content: bytes | None) -> None:
    found = kept(body)
    assert (None if found is None else found.content) == content


def test_a_body_that_is_the_event_gives_the_event_back() -> None:
    text = EVENT.decode()
    assert event_in_body(kept(Body(text=text, size=len(text))), REF) == EVENT
    other = text.replace("e-1", "e-2")
    assert event_in_body(kept(Body(text=other, size=len(other))), REF) is None
    assert event_in_body(kept(Body(text=text, size=len(text)), "application/json"), REF) is None
    assert event_in_body(None, REF) is None


@pytest.mark.parametrize(
    ("changes", "asks"),
    [
        ({}, False),
        ({"request": {"body": "data"}}, False),
        ({"preset": "slack"}, False),
        ({"request": {"path": "[data.id]"}}, True),
        ({"request": {"query": {"id": "data.id"}}}, True),
        ({"request": {"headers": {"X-Id": "data.id"}}}, True),
    ],
)
def test_what_is_made_of_the_event_besides_the_body_asks_for_it(changes: dict[str, object], asks: bool) -> None:
    assert asks_for_event(integration(**changes)) is asks


def test_a_replay_points_at_its_origin_and_keeps_message_and_chain() -> None:
    stored = StoredBody(b"then", "text/plain")
    record = replay_record(origin(stored, EVENT), "run-2", integration(), config_offset=8, now_ms=5, topics=TOPICS)
    request = decode_delivery(dict(record.headers))
    assert (request.run_id, request.origin_run_id, request.webhook_id) == ("run-2", "run-1", "run-1")
    assert (request.trigger, request.chain, request.stored) == (Trigger.REPLAY, ("crm",), stored)
    assert (request.accepted_ms, request.created_ms, request.config_offset) == (5, 5, 8)
    assert record.value == EVENT


@pytest.mark.parametrize("stored", [None, StoredBody(b"then", None)])
def test_an_event_that_is_gone_is_missed_only_where_it_is_needed(stored: StoredBody | None) -> None:
    asking = integration(request={"path": "[data.id]"})
    with pytest.raises(EventGone):
        replay_record(origin(stored, None), "run-2", asking, config_offset=8, now_ms=5, topics=TOPICS)
    if stored is not None:
        record = replay_record(origin(stored, None), "run-2", integration(), config_offset=8, now_ms=5, topics=TOPICS)
        assert b'"id":"e-1"' in (record.value or b"")


def test_every_status_that_counts_as_failed_or_missed_is_selected_by_one_word() -> None:
    assert set(Selection.MISSED.statuses) == {RunStatus.DISABLED}
    assert set(Selection.BOTH.statuses) == {*Selection.FAILED.statuses, RunStatus.DISABLED}
    assert RunStatus.COMPLETED not in Selection.BOTH.statuses
    assert RunStatus.CANCELLED not in Selection.BOTH.statuses
