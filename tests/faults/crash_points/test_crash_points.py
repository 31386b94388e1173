"""A dispatcher stopped at each step that matters, and one started after it: what is repeated, and that nothing is lost.

The three roles run as processes of their own. For each point the process of one role is replaced by one that dies
there, an event is sent, and after the death a normal process takes its place. Duplicates are counted at the receiver:
requests beyond the run's attempts.
"""

from dataclasses import dataclass

import pytest

from shared.core.identifiers import run_id_of_event
from shared.core.messages.delivery_bundle import BUNDLE_HEADER
from shared.core.messages.integration_events import RunStatus
from tests.faults.crash_points.conftest import MakeScene
from tests.faults.crash_points.scene import ORGANIZATION, Scene, Worker
from tests.flow.receiver import Received, Receiver, Reply
from tests.waiting import wait_for

ROLES = ("match", "send", "delay")
#: One retry after this many seconds: the first tier.
DELAY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class CrashPoint:
    """``duplicates`` and ``superseded`` outcomes are what is allowed. A run that ``fails`` has two attempts and goes
    through a retry; one that does not is delivered at the first."""

    role: str
    point: str
    duplicates: int
    superseded: int = 0
    fails: bool = False

    def __str__(self) -> str:
        return f"{self.role}-{self.point}"


POINTS = [
    # The copies of a delivery request that the second matching makes are recognised.
    CrashPoint("match", "requests-and-match-record", duplicates=0),
    CrashPoint("match", "requests-alone", duplicates=0),
    CrashPoint("match", "match-record-alone", duplicates=0),
    CrashPoint("match", "commit", duplicates=0),
    # Nobody can know whether the receiver acted on it.
    CrashPoint("send", "response", duplicates=1),
    CrashPoint("send", "attempt-record-alone", duplicates=1),
    CrashPoint("send", "outcome-alone", duplicates=1, superseded=1),
    CrashPoint("send", "commit", duplicates=1, superseded=1),
    CrashPoint("send", "retry-alone", duplicates=1, fails=True),
    # The copies of a due run that the second hop makes are recognised.
    CrashPoint("delay", "hop", duplicates=0, fails=True),
    CrashPoint("delay", "commit", duplicates=0, fails=True),
]


class Trio:
    """One process a role. Each has an instance name, so that a successor need not wait for the session timeout."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self._workers: dict[str, Worker] = {}
        for role in ROLES:
            self.start(role)
        for worker in self._workers.values():
            worker.wait_ready()

    def start(self, role: str, point: str | None = None) -> Worker:
        self._workers[role] = self.scene.start(role, instance="trio", point=point)
        return self._workers[role]

    def kill(self, role: str) -> None:
        self._workers[role].kill()

    def replace(self, role: str, point: str) -> Worker:
        """Put one that dies at ``point`` in the place of the role's worker."""
        self._workers[role].stop()
        worker = self.start(role, point)
        worker.wait_ready()
        return worker


@pytest.fixture(scope="module")
def trio(make_scene: MakeScene) -> Trio:
    return Trio(make_scene())


def check(trio: Trio, requests: list[Received], event_id: str, name: str, crash: CrashPoint) -> None:
    """Nothing lost, one outcome that counts, attempts without a gap, and no more duplicates than allowed."""
    run_id = run_id_of_event(ORGANIZATION, "/crash-points", event_id, name)
    matches = trio.scene.matches(event_id)
    assert matches, "the event has no match record"
    assert all([run.run_id for run in match.runs] == [run_id] for match in matches)

    run = trio.scene.run(run_id)
    assert run.outcomes, "the run has no outcome"
    first, *superseded = run.outcomes
    assert first.status is (RunStatus.FAILED if crash.fails else RunStatus.COMPLETED)
    assert len(superseded) <= crash.superseded

    attempts = 2 if crash.fails else 1
    assert [each.number for each in first.attempts] == list(range(1, attempts + 1))
    assert set(run.attempt_numbers) == set(range(1, attempts + 1)), "the run log has a gap"
    assert {each.webhook_id for each in requests} == {run_id}
    assert len(requests) >= attempts
    assert len(requests) - attempts <= crash.duplicates


@pytest.mark.parametrize("crash", POINTS, ids=str)
def test_a_stop_at_this_point_loses_nothing_and_repeats_no_more_than_allowed(
    trio: Trio, receiver: Receiver, crash: CrashPoint
) -> None:
    name = str(crash)
    receiver.answer(f"/{name}", Reply(500 if crash.fails else 200))
    trio.scene.configure(name, f"{receiver.url}/{name}", delays=(DELAY_SECONDS,))
    dying = trio.replace(crash.role, crash.point)
    event_id = trio.scene.send_event(name)
    dying.wait_killed()
    trio.start(crash.role).wait_ready()
    trio.scene.wait_settled()
    check(trio, receiver.requests(f"/{name}"), event_id, name, crash)


def test_a_stop_during_a_request_loses_nothing_and_repeats_that_request_once(trio: Trio, receiver: Receiver) -> None:
    crash = CrashPoint("send", "request", duplicates=1)
    name, path = str(crash), f"/{crash}"
    receiver.answer(path, lambda received: Reply(after_seconds=60 if len(received) == 1 else 0))
    trio.scene.configure(name, receiver.url + path)
    event_id = trio.scene.send_event(name)
    wait_for(lambda: receiver.requests(path), "the request is under way")
    trio.kill("send")
    trio.start("send").wait_ready()
    trio.scene.wait_settled()
    check(trio, receiver.requests(path), event_id, name, crash)


def test_a_stop_when_a_bundle_has_moved_on_loses_none_of_its_runs_and_repeats_none(
    trio: Trio, receiver: Receiver
) -> None:
    crash = CrashPoint("delay", "hop", duplicates=0, fails=True)
    name, path = "delay-bundle", "/delay-bundle"
    receiver.answer(path, Reply(500))
    trio.scene.configure(name, receiver.url + path, delays=(DELAY_SECONDS,))
    dying = trio.replace(crash.role, crash.point)
    event_ids = trio.scene.send_events(name, 10)
    dying.wait_killed()
    trio.start(crash.role).wait_ready()
    trio.scene.wait_settled()
    waited = trio.scene.records(trio.scene.topics.retry["1s"])
    assert any(BUNDLE_HEADER in each.headers for each in waited), "runs that failed together waited together"
    for event_id in event_ids:
        run_id = run_id_of_event(ORGANIZATION, "/crash-points", event_id, name)
        requests = [each for each in receiver.requests(path) if each.webhook_id == run_id]
        check(trio, requests, event_id, name, crash)
