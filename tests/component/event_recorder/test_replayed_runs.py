"""Replaying one run, over real databases: what is sent of it, and when it cannot be."""

from __future__ import annotations

import base64

import orjson
import pytest

from shared.core.messages.delivery import StoredBody, Trigger
from shared.core.messages.run_log import Body
from shared.core.topics import delivery_key, ordering_key
from tests.component.event_recorder.acts_world import World
from tests.component.event_recorder.missed_runs import ASKED, configured, event, failed, missed
from tests.unit.event_recorder import records
from tests.unit.event_recorder.records import INTEGRATION, ORGANIZATION


def test_one_run_is_sent_again_as_its_receiver_got_it(acting: World) -> None:
    acting.store(configured(), records.system_event(), *failed("e-1", 5))
    answer = acting.post(f"/v1/runs/{records.run_id()}/replay", status=202)
    assert acting.produced == [], "the answer waits for no broker"
    acting.work(acting.worker())
    (request,) = acting.sent()
    assert (request.run_id, request.origin_run_id, request.webhook_id) == (
        answer["run_id"],
        records.run_id(),
        records.run_id(),
    )
    assert (request.trigger, request.config_offset, request.step) == (Trigger.REPLAY, 8, 0)
    assert request.stored == StoredBody(b'{"id":"e-1"}', "application/json")
    (out,) = acting.produced
    assert (out.topic, out.key) == ("deliveries", delivery_key(ORGANIZATION, INTEGRATION, 0))
    assert orjson.loads(out.value or b"")["id"] == "e-1"
    shown = acting.get(f"/v1/runs/{answer['run_id']}")
    assert (shown["status"], shown["trigger"], shown["origin_run_id"]) == ("WAITING", "replay", records.run_id())
    (step,) = acting.get("/v1/trail")["items"]
    assert (step["by"], step["act"], step["subject_id"]) == ("api-key", "run-replayed", records.run_id())
    assert step["detail"] == {"new_run_id": answer["run_id"]}


def test_the_same_key_again_sends_it_once(acting: World) -> None:
    acting.store(configured(), *failed("e-1", 5))
    path = f"/v1/runs/{records.run_id()}/replay"
    first, again = (acting.post(path, status=202, Idempotency_Key="k-1") for _ in range(2))
    other = acting.post(path, status=202, Idempotency_Key="k-2")
    assert first == again
    assert other["run_id"] != first["run_id"]
    acting.work(acting.worker())
    acting.work(acting.worker("two"))
    assert {each.run_id for each in acting.sent()} == {first["run_id"], other["run_id"]}
    assert len(acting.sent()) == len(acting.get("/v1/trail")["items"]) == 2


def test_a_run_that_was_never_sent_carries_its_event_alone(acting: World) -> None:
    acting.store(configured(), *missed("e-1", 5))
    acting.post(f"/v1/runs/{records.run_id()}/replay", status=202)
    acting.work(acting.worker())
    assert acting.sent()[0].stored is None
    assert acting.produced[0].value == event("e-1").encode()


@pytest.mark.parametrize(
    "body",
    [
        Body(text='{"key":"(redacted)"}', size=20),
        Body(text='{"key":""}', size=40),
        Body(text='{"k', size=3, truncated=True),
    ],
    ids=["redacted", "shorter than it was", "cut"],
)
def test_a_body_that_is_not_what_was_sent_is_made_anew(acting: World, body: Body) -> None:
    acting.store(configured(), records.system_event(), *failed("e-1", 5, body=body))
    acting.post(f"/v1/runs/{records.run_id()}/replay", status=202)
    acting.work(acting.worker())
    assert acting.sent()[0].stored is None


def test_a_body_of_any_bytes_goes_out_as_it_was(acting: World) -> None:
    content = b"\xff\x00PK"
    acting.store(configured(), *failed("e-1", 5, body=Body(base64=base64.b64encode(content).decode(), size=4)))
    acting.post(f"/v1/runs/{records.run_id()}/replay", status=202)
    acting.work(acting.worker())
    assert acting.sent()[0].stored == StoredBody(content, "application/json")


def test_a_replay_of_a_replay_that_was_never_sent_goes_back_to_the_first_body(acting: World) -> None:
    acting.store(configured(), *failed("e-1", 5))
    between = acting.post(f"/v1/runs/{records.run_id()}/replay", status=202)
    acting.work(acting.worker())
    acting.end(acting.sent()[0], "DISABLED")
    acting.post(f"/v1/runs/{between['run_id']}/replay", status=202)
    acting.work(acting.worker())
    first, second = acting.sent()
    assert second.stored == first.stored
    assert (second.origin_run_id, second.webhook_id) == (between["run_id"], records.run_id())


def test_a_run_of_an_ordered_integration_takes_its_place_in_the_queue(acting: World) -> None:
    acting.store(configured(ordering="subject"), *missed("e-1", 5))
    acting.post(f"/v1/runs/{records.run_id()}/replay", status=202)
    acting.work(acting.worker())
    (out,) = acting.produced
    assert (out.topic, out.key) == ("deliveries-ordered", ordering_key(ORGANIZATION, INTEGRATION, "bill/1"))


def test_without_its_event_a_run_is_replayed_only_where_nothing_asks_for_it(acting: World) -> None:
    template = {"path": "[data.n]", "body": "data"}
    path = f"/v1/runs/{records.run_id()}/replay"
    acting.store(configured(request=template), *failed("e-1", 5))
    refused = acting.post(path, status=409)
    assert "no longer kept" in refused["detail"]
    acting.store(records.integration_resource("Bills to ERP", offset=9))
    acting.post(path, status=202)
    acting.work(acting.worker())
    stub = orjson.loads(acting.produced[0].value or b"")
    assert (stub["id"], stub["subject"], "data" in stub) == ("e-1", "bill/1", False)


def test_what_cannot_be_replayed_is_refused_with_the_reason(acting: World) -> None:
    path = f"/v1/runs/{records.run_id()}/replay"
    acting.post(path, status=404)
    acting.store(configured(), records.match())
    assert "under way" in acting.post(path, status=409)["detail"]
    acting.store(*missed("e-1", 5), records.state(False, offset=3))
    assert "Enable it first" in acting.post(path, status=409)["detail"]
    assert "Enable it first" in acting.post("/v1/replays", ASKED, status=409)["detail"]
    acting.store(records.state(True, offset=4), records.integration_resource(None, offset=9))
    assert "deleted" in acting.post(path, status=409)["detail"]
    acting.post("/v1/replays", ASKED | {"integration": "nobody"}, status=404)
    acting.work(acting.worker())
    assert acting.produced == []
    assert acting.get("/v1/trail")["items"] == []
