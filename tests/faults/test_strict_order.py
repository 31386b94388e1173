"""Strict order as a receiver sees it: within a key sequence numbers never fall, but for redelivery of the last one.

Real dispatcher processes on a real broker, a real receiver. What the receiver has seen decides, and the outcomes on
``integration-events``; never what a service says of itself.
"""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shared.core.messages.integration_events import RunStatus
from shared.core.messages.state import IntegrationState
from shared.core.ordered_metadata import decode_commit
from shared.core.records import OutRecord
from shared.core.resources import Ordering
from shared.core.topics import integration_key
from tests.faults.crash_points.scene import ORGANIZATION, Scene
from tests.faults.hanging_receiver import HangingReceiver
from tests.faults.ordered_line import Line, falls
from tests.flow.receiver import Receiver, Reply
from tests.waiting import wait_for

#: The shortest that brokers allow.
SESSION_TIMEOUT_MS = 6_000
OK, BUSY = Reply(200), Reply(503)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@pytest.fixture
def make_scene(kafka_bootstrap: str, tmp_path: Path) -> Iterator[Callable[[int], Scene]]:
    made: list[Scene] = []

    def make(partitions: int) -> Scene:
        made.append(Scene(kafka_bootstrap, tmp_path, partitions=partitions, session_timeout_ms=SESSION_TIMEOUT_MS))
        return made[-1]

    yield make
    for scene in made:
        scene.close()


MakeScene = Callable[[int], Scene]


def fails_at_first(subject: str, number: int, times: int) -> Reply:
    """A third fails once, a ninth twice."""
    return BUSY if times <= (number % 3 == 0) + (number % 9 == 0) else OK


def test_order_per_integration_and_per_subject_holds_while_attempts_fail(
    make_scene: MakeScene, receiver: Receiver
) -> None:
    scene = make_scene(3)
    whole = Line(scene, receiver, Ordering.INTEGRATION, (0.2, 0.2))
    subjects = Line(scene, receiver, Ordering.SUBJECT, (0.2, 0.2))
    for line in (whole, subjects):
        line.answer(fails_at_first)
        for number in range(30):
            line.send("a", number)
        line.send("b", *range(30))
    worker = scene.start("match,ordered")
    worker.wait_ready()
    for line in (whole, subjects):
        outcomes = line.wait_ended()
        assert {outcome.status for _, outcome in outcomes} == {RunStatus.COMPLETED}
        assert falls(line.received()) == []
        assert set(line.received()) == set(line.sent)
        assert line.duplicates() == 0
    # One at a time: between the first and the last request of a run no other run's come.
    runs = whole.received()
    assert all(runs[at : at + runs.count(each)] == [each] * runs.count(each) for at, each in _firsts(runs))


def _firsts(received: list[tuple[str, int]]) -> list[tuple[int, tuple[str, int]]]:
    return [(received.index(each), each) for each in dict.fromkeys(received)]


def test_the_other_keys_go_on_while_one_waits_and_a_failed_run_lets_the_next_begin(
    make_scene: MakeScene, receiver: Receiver
) -> None:
    scene = make_scene(1)
    line = Line(scene, receiver, Ordering.SUBJECT, (4.0,))
    line.answer(lambda subject, number, times: BUSY if (subject, number) == ("broken", 0) else OK)
    line.send("broken", 0, 1, 2)
    for number in range(20):
        line.send(f"healthy-{number % 5}", number)
    scene.start("match,ordered").wait_ready()
    wait_for(lambda: len(line.received()) >= 21, "the healthy ones are delivered")
    assert line.numbers("broken") == [0], "and the broken one still waits for its second attempt"
    by_event = dict(line.wait_ended())
    assert line.numbers("broken") == [0, 0, 1, 2]
    first = by_event[f"{line.name}/broken/0"]
    assert (first.status, len(first.attempts)) == (RunStatus.FAILED, 2)
    assert sum(outcome.status is RunStatus.COMPLETED for outcome in by_event.values()) == 22


def test_a_long_queue_behind_a_failing_head_stops_nobody_and_is_delivered_in_order(
    make_scene: MakeScene, receiver: Receiver
) -> None:
    """Far more than are kept in memory for one key: the rest is read again when the key gets there."""
    scene = make_scene(1)
    line = Line(scene, receiver, Ordering.SUBJECT, (4.0,))
    line.answer(lambda subject, number, times: BUSY if (subject, number, times) == ("busy", 0, 1) else OK)
    line.send("busy", *range(220))
    line.send("quick", *range(5))
    scene.start("match,ordered").wait_ready()
    wait_for(lambda: line.numbers("quick") == list(range(5)), "the quick ones are delivered")
    assert line.numbers("busy") == [0]
    line.wait_ended()
    assert line.numbers("busy") == [0, *range(220)]


def test_while_the_integration_is_disabled_runs_end_disabled_in_order(
    make_scene: MakeScene, receiver: Receiver
) -> None:
    scene = make_scene(1)
    line = Line(scene, receiver, Ordering.SUBJECT, ())
    state = IntegrationState(
        organization=ORGANIZATION, integration_id=line.name, enabled=False, epoch=0, since_ms=1, reason="by the test"
    )
    key = integration_key(ORGANIZATION, line.name)
    scene.produce([OutRecord(scene.topics.integration_state.name, key, state.encode())])
    line.send("a", *range(10))
    scene.start("match,ordered").wait_ready()
    outcomes = line.wait_ended()
    assert [event for event, _ in outcomes] == [f"{line.name}/a/{number}" for number in range(10)]
    assert {outcome.status for _, outcome in outcomes} == {RunStatus.DISABLED}
    assert line.received() == []


def test_order_holds_while_workers_are_killed_and_join(make_scene: MakeScene, receiver: Receiver) -> None:
    scene = make_scene(4)
    line = Line(scene, receiver, Ordering.SUBJECT, (0.3, 0.3))
    line.answer(fails_at_first)
    subjects = [f"s{number}" for number in range(12)]
    for number in range(60):
        for subject in subjects:
            line.send(subject, number)
    total = len(line.sent)
    scene.start("match").wait_ready()
    workers = [scene.start("ordered")]
    workers[0].wait_ready()

    def delivered(part: float) -> None:
        wait_for(lambda: len(set(line.received())) >= total * part, f"{part:.0%} are delivered", 60)

    delivered(0.15)
    workers.append(scene.start("ordered"))  # it joins while requests are under way
    delivered(0.4)
    workers[0].kill()
    workers.append(scene.start("ordered"))
    delivered(0.6)
    workers[1].kill()
    delivered(0.8)
    workers[2].stop()
    scene.start("ordered").wait_ready()
    outcomes = line.wait_ended()
    assert {outcome.status for _, outcome in outcomes} == {RunStatus.COMPLETED}
    assert set(line.received()) == set(line.sent), "nothing is lost"
    assert falls(line.received()) == []
    # Two kills, three joins and a leave: each repeats at most the one request of a key that was under way.
    assert line.duplicates() <= 6 * len(subjects)


def test_how_far_a_head_is_survives_a_crash(make_scene: MakeScene, receiver: Receiver) -> None:
    scene = make_scene(1)
    line = Line(scene, receiver, Ordering.INTEGRATION, (1.0, 12.0))
    line.answer(lambda subject, number, times: BUSY if (number, times) in ((0, 1), (0, 2)) else OK)
    line.send("a", 0, 1)
    scene.start("match").wait_ready()
    first = scene.start("ordered")
    wait_for(lambda: len(line.received()) == 2, "two attempts have failed")
    (committed,) = [request.at for request in receiver.requests(f"/{line.name}")][1:]
    wait_for(lambda: _held_attempts(scene) == 2, "both stand in the commit")
    first.kill()
    scene.start("ordered").wait_ready()
    outcomes = line.wait_ended()
    assert line.numbers("a") == [0, 0, 0, 1]
    assert [each.number for each in outcomes[0][1].attempts] == [1, 2, 3]
    third = receiver.requests(f"/{line.name}")[2].at
    assert 12.0 <= third - committed < 14.0, "the third attempt came when it was due, not earlier"


def _held_attempts(scene: Scene) -> int:
    commits = scene.commits("ordered", scene.topics.deliveries_ordered)
    return sum(len(head.attempts) for point in commits for head in decode_commit(*point)[1].values())


def test_a_request_that_hangs_is_broken_off_before_its_partition_moves(
    make_scene: MakeScene, receiver: Receiver
) -> None:
    """Nothing of a key is on the wire when another worker begins with it, and what hung comes first again."""
    scene = make_scene(4)
    with closing(HangingReceiver()) as hanging:
        line = Line(scene, receiver, Ordering.SUBJECT, (), timeout_seconds=100, url=hanging.url)
        subjects = [f"s{number}" for number in range(8)]
        for subject in subjects:
            line.send(subject, *range(6))
        scene.start("match").wait_ready()
        scene.start("ordered").wait_ready()
        wait_for(lambda: all(("came", 3) in hanging.of(each) for each in subjects), "all hang at number three")
        scene.start("ordered").wait_ready()
        line.wait_ended()
        came = [("came", number) for number in range(6)]
        for subject in subjects:
            assert hanging.of(subject) == [*came[:4], ("gone", 3), *came[3:]]


def test_a_worker_that_was_stopped_and_replaced_begins_nothing_when_it_goes_on(
    make_scene: MakeScene, receiver: Receiver
) -> None:
    scene = make_scene(1)
    line = Line(scene, receiver, Ordering.SUBJECT, (1.0, 1.0))
    # Heads that are due again while the worker stands still: exactly what it would send when it goes on.
    line.answer(lambda subject, number, times: BUSY if (number, times) == (0, 1) else OK)
    subjects = [f"s{number}" for number in range(8)]
    for subject in subjects:
        line.send(subject, *range(3))
    scene.start("match").wait_ready()
    stopped = scene.start("ordered")
    wait_for(lambda: len(line.received()) == len(subjects), "every first attempt has failed")
    stopped.pause()
    replacement = scene.start("ordered")
    replacement.wait_ready()
    line.wait_ended(SESSION_TIMEOUT_MS / 1000 + 30)
    before = len(line.received())
    stopped.go_on()
    replacement.stop()
    line.send("s0", 3, 4)
    line.wait_ended(SESSION_TIMEOUT_MS / 1000 + 30)
    assert falls(line.received()) == []
    assert len(line.received()) == before + 2, "what it had in mind when it was stopped is not sent"


def test_what_the_match_stage_produced_twice_is_sent_once_by_whoever_has_the_partition(
    make_scene: MakeScene, receiver: Receiver
) -> None:
    scene = make_scene(1)
    line = Line(scene, receiver, Ordering.SUBJECT, ())
    line.send("a", *range(5))
    matcher = scene.start("match")
    matcher.wait_ready()
    first = scene.start("ordered")
    line.wait_ended()
    requests = scene.records(scene.topics.deliveries_ordered)
    again = [OutRecord(each.topic, each.key or b"", each.value, list(each.header_list)) for each in requests]
    scene.produce(again)
    wait_for(lambda: scene.is_read("ordered", scene.topics.deliveries_ordered), "the copies are finished")
    first.stop()
    scene.produce(again)
    scene.start("ordered").wait_ready()
    wait_for(lambda: scene.is_read("ordered", scene.topics.deliveries_ordered), "the copies are finished again")
    line.send("a", 5)
    line.wait_ended()
    assert line.numbers("a") == [0, 1, 2, 3, 4, 5]


def test_when_order_is_switched_off_a_failing_run_goes_on_in_the_tiers_and_holds_up_nobody(
    make_scene: MakeScene, receiver: Receiver
) -> None:
    scene = make_scene(1)
    line = Line(scene, receiver, Ordering.INTEGRATION, (2.0,))
    line.answer(lambda subject, number, times: BUSY if (number, times) == (0, 1) else OK)
    line.send("a", *range(4))
    matcher = scene.start("match")
    wait_for(lambda: scene.is_read("match", scene.topics.system_events), "all are matched, in order")
    matcher.stop()
    line.configure(Ordering.NONE)
    scene.start("match,ordered,delay,send").wait_ready()
    line.wait_ended()
    assert line.numbers("a") == [0, 1, 2, 3, 0]
