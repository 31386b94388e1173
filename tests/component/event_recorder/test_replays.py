"""Replays over real databases: what is sent, once each and oldest first, whatever dies in between."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import orjson
import pytest

from shared.core.messages.delivery import DeliveryRequest, StoredBody, Trigger
from shared.core.messages.integration_events import RunStatus
from shared.core.messages.run_log import Body
from shared.core.records import OutRecord, Record
from shared.core.resources import Integration
from shared.core.topics import delivery_key, ordering_key
from tests.component.event_recorder.acts_world import World
from tests.component.event_recorder.serving import NOW_MS
from tests.unit.event_recorder import records
from tests.unit.event_recorder.records import INTEGRATION, ORGANIZATION, START_MS

SINCE = "2027-01-15T07:00:00Z"
ASKED = {"integration": INTEGRATION, "selection": "missed", "since": SINCE, "rate_per_second": 10}


def event(event_id: str) -> str:
    return (
        f'{{"specversion":"1.0","id":"{event_id}","source":"billing","type":"billing.bill.created",'
        f'"organization":"{ORGANIZATION}","subject":"bill/1","data":{{"n":1}}}}'
    )


def missed(event_id: str, at: int) -> list[Record]:
    """Of a run that was matched ``at`` milliseconds after the start, while its integration was disabled."""
    skip = records.skip(event_id, offset=at)
    said = orjson.loads(skip.value or b"")
    text = event(event_id)
    said["body"] = Body(text=text, size=len(text)).model_dump(exclude_none=True)
    said["run"]["created_ms"] = START_MS + at
    return [
        records.record(skip.topic, skip.key or b"", orjson.dumps(said), at, 2),
        records.outcome(RunStatus.DISABLED, event_id, offset=at, created_ms=START_MS + at, attempts=0),
    ]


def failed(event_id: str, at: int, *, body: Body | None = None) -> list[Record]:
    """Of a run that was matched then, tried and given up."""
    attempt = records.attempt(1, event_id, offset=at, created_ms=START_MS + at)
    if body is not None:
        said = orjson.loads(attempt.value or b"")
        said["exchange"]["request"]["body"] = body.model_dump(exclude_none=True)
        attempt = records.record(attempt.topic, attempt.key or b"", orjson.dumps(said), at, 2)
    return [attempt, records.outcome(RunStatus.FAILED, event_id, offset=at, created_ms=START_MS + at)]


def configured(**changes: object) -> Record:
    record = records.integration_resource("Bills to ERP")
    said = orjson.loads(record.value or b"")
    spec = said["spec"] | changes
    Integration.model_validate(spec)
    return records.record(record.topic, record.key or b"", orjson.dumps(said | {"spec": spec}), 7, 0)


def with_missed(acting: World, count: int) -> list[str]:
    """So many missed runs, stored newest first, and their event ids, oldest first."""
    names = [f"e-{number}" for number in range(count)]
    acting.store(configured(), *[each for at, name in reversed(list(enumerate(names))) for each in missed(name, at)])
    return names


def of(sent: Sequence[DeliveryRequest]) -> list[str]:
    return [each.event.id for each in sent]


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


def test_what_was_missed_is_offered_and_sent_once_each_oldest_first(acting: World) -> None:
    names = with_missed(acting, 25)
    acting.store(*failed("other", 50))
    offer = acting.get("/v1/replays/offer", integration=INTEGRATION)
    assert (offer["missed"], offer["failed"], offer["since"]) == (25, 1, "2027-01-15T08:00:00.000Z")
    replay = acting.post("/v1/replays", ASKED, status=202)
    assert (replay["total"], replay["sent"], replay["status"]) == (25, 0, "RUNNING")
    acting.work(acting.worker())
    assert of(acting.sent()) == names
    assert [each.webhook_id for each in acting.sent()] == [records.run_id(name) for name in names]
    for request in acting.sent()[:-2]:
        acting.end(request)
    acting.end(acting.sent()[-1], "FAILED")
    done = acting.get(f"/v1/replays/{replay['id']}")
    assert (done["status"], done["sent"], done["delivered"], done["failed"], done["pending"]) == ("DONE", 25, 23, 1, 1)
    assert acting.get("/v1/replays")["items"] == [done]
    (step,) = acting.get("/v1/trail")["items"]
    assert (step["act"], step["subject_id"], step["detail"]["total"]) == ("replay-started", INTEGRATION, 25)


def test_it_goes_at_the_rate_that_was_asked_for(acting: World) -> None:
    with_missed(acting, 40)
    acting.post("/v1/replays", ASKED | {"rate_per_second": 5}, status=202)
    worker = acting.worker()
    acting.work(worker, NOW_MS + 2_000)
    assert 9 <= len(acting.produced) <= 10
    acting.work(worker)
    assert len(acting.produced) == 40
    assert acting.now_ms - NOW_MS >= 8_000


def test_what_is_delivered_or_under_way_is_not_sent_again_and_what_failed_again_is(acting: World) -> None:
    names = with_missed(acting, 4)
    for name in names[:3]:
        acting.post(f"/v1/runs/{records.run_id(name)}/replay", status=202)
        acting.work(acting.worker())
    delivered, under_way, again = acting.sent()
    acting.end(delivered)
    acting.end(again, "FAILED")
    acting.produced.clear()
    # The one that failed again failed after the replay's time: the message is sent for the run that was missed.
    replay = acting.post("/v1/replays", ASKED | {"selection": "both"}, status=202)
    assert replay["total"] == 2
    acting.work(acting.worker())
    assert of(acting.sent()) == [names[2], names[3]]
    acting.end(under_way, "FAILED")
    for request in acting.sent():
        acting.end(request, "FAILED")
    acting.produced.clear()
    acting.now_ms += 1_000
    acting.post("/v1/replays", ASKED | {"selection": "both"}, status=202)
    acting.work(acting.worker())
    assert of(acting.sent()) == names[1:], "each message once, however many of its runs failed"


def test_a_run_recorded_late_is_found_by_the_next_pass(acting: World) -> None:
    names = with_missed(acting, 3)
    acting.post("/v1/replays", ASKED, status=202)
    worker = acting.worker()
    acting.work(worker, NOW_MS + 300)
    acting.store(*missed("late", 1))
    acting.work(worker)
    assert of(acting.sent()) == [*names, "late"]
    assert acting.get("/v1/replays")["items"][0]["total"] == 4


class Killed(BaseException):
    """Ends a worker where it stands."""


@pytest.mark.parametrize("after", [False, True], ids=["before the brokers have it", "after they have it"])
def test_a_worker_that_dies_loses_nothing_and_sends_nothing_under_a_second_name(acting: World, after: bool) -> None:
    names = with_missed(acting, 12)
    acting.post("/v1/replays", ASKED, status=202)

    def dies_at_the_fifth(batch: Sequence[OutRecord]) -> None:
        if len(acting.produced) >= 5:
            if after:
                acting.produced.extend(batch)
            raise Killed
        acting.produced.extend(batch)

    dying = acting.worker("dying")
    dying._publish = dies_at_the_fifth
    with pytest.raises(Killed):
        acting.work(dying)
    survivor = acting.worker("survivor")
    survivor.step()
    assert len(acting.produced) == 5 + after, "the lease is the dead one's"
    acting.work(survivor)
    assert list(dict.fromkeys(of(acting.sent()))) == names
    assert len({each.run_id for each in acting.sent()}) == 12
    assert len(acting.sent()) == 12 + after, "what was in doubt is produced again as the same run"


def test_a_replay_waits_while_its_integration_is_disabled_and_ends_when_it_is_deleted(acting: World) -> None:
    with_missed(acting, 3)
    replay = acting.post("/v1/replays", ASKED, status=202)
    acting.store(records.state(False, offset=3))
    worker = acting.worker()
    acting.work(worker, NOW_MS + 3_000)
    assert acting.produced == []
    assert "enabled" in acting.get(f"/v1/replays/{replay['id']}")["detail"]
    acting.store(records.state(True, offset=4))
    acting.work(worker, acting.now_ms + 300)
    assert len(acting.produced) > 0
    acting.store(records.integration_resource(None, offset=9))
    acting.work(worker)
    ended = acting.get(f"/v1/replays/{replay['id']}")
    assert (ended["status"], ended["detail"]) == ("CANCELLED", "The integration was deleted.")


def test_a_cancelled_replay_sends_no_more_and_leaves_no_run_behind(acting: World) -> None:
    with_missed(acting, 20)
    replay = acting.post("/v1/replays", ASKED, status=202)
    worker = acting.worker()
    acting.work(worker, NOW_MS + 1_000)
    path = f"/v1/replays/{replay['id']}"
    first = acting.post(f"{path}/cancel")
    again = acting.post(f"{path}/cancel")
    assert first["status"] == again["status"] == "CANCELLED"
    acting.work(worker)
    sent = {each.run_id for each in acting.sent()}
    assert 5 <= len(sent) < 20
    assert {each["run_id"] for each in acting.get("/v1/runs", trigger="replay", limit=100)["items"]} == sent
    assert acting.get(path)["sent"] == len(sent)
    assert [each["act"] for each in acting.get("/v1/trail")["items"]].count("replay-cancelled") == 1
    acting.post("/v1/replays", ASKED, status=202)
    for request in acting.sent():
        acting.end(request)
    acting.work(acting.worker())
    assert len({each.webhook_id for each in acting.sent()}) == 20


def test_one_replay_of_an_integration_at_a_time_and_the_same_key_begins_one(acting: World) -> None:
    with_missed(acting, 2)
    first = acting.post("/v1/replays", ASKED, status=202, Idempotency_Key="k")
    assert acting.post("/v1/replays", ASKED, status=202, Idempotency_Key="k")["id"] == first["id"]
    assert "under way" in acting.post("/v1/replays", ASKED, status=409)["detail"]
    other = acting.post("/v1/replays", ASKED | {"selection": "failed"}, status=409, Idempotency_Key="k")
    assert "Idempotency-Key" in other["detail"]
    assert len(acting.get("/v1/trail")["items"]) == 1


def test_a_worker_that_stops_lets_another_go_on_at_once(acting: World) -> None:
    with_missed(acting, 10)
    acting.post("/v1/replays", ASKED, status=202)
    first, second = acting.worker("one"), acting.worker("two")
    acting.work(first, NOW_MS + 300)
    first.release()
    acting.work(second)
    assert len({each.run_id for each in acting.sent()}) == len(acting.sent()) == 10
    assert acting.now_ms - NOW_MS < 5_000
