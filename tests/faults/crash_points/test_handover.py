"""Work that is on a topic twice, and a worker that takes over between the copies: it knows what its predecessor
finished."""

import pytest

from tests.faults.crash_points.conftest import MakeScene
from tests.flow.receiver import Receiver, Reply
from tests.waiting import wait_for


@pytest.mark.parametrize(
    ("role", "point", "status"),
    [("match", "requests-and-match-record", 200), ("delay", "hop", 500)],
    ids=["deliveries", "deliveries-due"],
)
def test_a_worker_skips_the_copy_of_what_the_worker_before_it_has_finished(
    make_scene: MakeScene, receiver: Receiver, role: str, point: str, status: int
) -> None:
    """``role`` dies having produced and produces again; in between its first product is finished, and the worker that
    finished it leaves."""
    scene, path = make_scene(), f"/handover-{role}"
    twice = scene.topics.deliveries if role == "match" else scene.topics.deliveries_due
    attempts = 1 if status == 200 else 2
    receiver.answer(path, Reply(status))
    scene.configure("handover", receiver.url + path, delays=(1.0,))

    others = [scene.start(each) for each in ("match", "delay") if each != role]
    predecessor, dying = scene.start("send"), scene.start(role, point=point)
    for worker in (*others, predecessor, dying):
        worker.wait_ready()
    scene.send_event("handover")
    dying.wait_killed()
    wait_for(lambda: scene.is_read("send", scene.topics.deliveries, twice), "the first copy is finished")
    assert len(receiver.requests(path)) == attempts
    predecessor.stop()

    again, successor = scene.start(role), scene.start("send")
    for worker in (again, successor):
        worker.wait_ready()
    wait_for(lambda: len(scene.records(twice)) == 2, "the second copy is there")
    scene.wait_settled()
    assert len(receiver.requests(path)) == attempts, "the copy was sent"
    assert successor.logged("read_back")
