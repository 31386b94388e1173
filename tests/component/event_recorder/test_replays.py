"""Replays of many runs, over real databases: once each and oldest first, whatever dies in between."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from shared.core.records import OutRecord
from tests.component.event_recorder.acts_world import World
from tests.component.event_recorder.missed_runs import ASKED, failed, missed, of, with_missed
from tests.component.event_recorder.serving import NOW_MS
from tests.unit.event_recorder import records
from tests.unit.event_recorder.records import INTEGRATION


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
