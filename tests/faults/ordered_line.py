"""An ordered integration under test: what is sent through it, and what came of that by the receiver and the topics."""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shared.core.cloud_events import CONTENT_TYPE, check_event
from shared.core.messages.integration_events import RunOutcome, decode_integration_event
from shared.core.messages.run_log import AttemptRecord, decode_run_log
from shared.core.records import OutRecord
from shared.core.resources import Ordering
from shared.core.topics import system_event_key
from tests.faults.crash_points.scene import ORGANIZATION, Scene
from tests.flow.receiver import Behaviour, Received, Receiver, Reply
from tests.waiting import wait_for


def number_of(request: Received) -> tuple[str, int]:
    """(subject, sequence number) of what was received."""
    event = json.loads(request.body)
    return event["subject"], event["data"]["number"]


@dataclass
class Line:
    """One ordered integration with a path of its own at the receiver, and what is sent through it. ``url`` is that of
    another receiver, if it is not this one that is to be posted to."""

    scene: Scene
    receiver: Receiver
    ordering: Ordering
    delays: tuple[float, ...]
    timeout_seconds: float = 15.0
    url: str = ""
    name: str = field(default_factory=lambda: f"line-{uuid.uuid4().hex[:8]}")
    sent: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.configure(self.ordering)

    def configure(self, ordering: Ordering, delays: tuple[float, ...] | None = None) -> None:
        self.scene.configure(
            self.name,
            f"{self.url or self.receiver.url}/{self.name}",
            delays=self.delays if delays is None else delays,
            failed_runs=1_000,
            ordering=ordering,
            timeout_seconds=self.timeout_seconds,
        )

    def answer(self, behaviour: Callable[[str, int, int], Reply]) -> None:
        """``behaviour`` decides by subject, number, and how often this one has come, from 1."""

        def decide(same: Sequence[Received]) -> Reply:
            return behaviour(*number_of(same[-1]), len(same))

        as_told: Behaviour = decide
        self.receiver.answer(f"/{self.name}", as_told)

    def send(self, subject: str, *numbers: int) -> None:
        self.scene.produce([self._event(subject, number) for number in numbers])
        self.sent += [(subject, number) for number in numbers]

    def _event(self, subject: str, number: int) -> OutRecord:
        event = check_event(
            {
                "specversion": "1.0",
                "id": f"{self.name}/{subject}/{number}",
                "source": "/strict-order",
                "type": self.name,
                "organization": ORGANIZATION,
                "subject": subject,
                "data": {"number": number},
            }
        )
        key = system_event_key(ORGANIZATION, subject, event.id)
        return OutRecord(
            self.scene.topics.system_events.name, key, event.encode(), [("content-type", CONTENT_TYPE.encode())]
        )

    def received(self) -> list[tuple[str, int]]:
        return [number_of(request) for request in self.receiver.requests(f"/{self.name}")]

    def numbers(self, subject: str) -> list[int]:
        return [number for each, number in self.received() if each == subject]

    def outcomes(self) -> list[tuple[str, RunOutcome]]:
        """(subject, outcome) of each run's first outcome, in the order of the topic."""
        first: dict[str, tuple[str, RunOutcome]] = {}
        for record in self.scene.records(self.scene.topics.integration_events):
            data = decode_integration_event(record.value or b"").data
            if isinstance(data, RunOutcome) and data.integration_id == self.name:
                first.setdefault(data.run_id, (data.event.id, data))
        return list(first.values())

    def wait_ended(self, timeout_seconds: float = 60.0) -> list[tuple[str, RunOutcome]]:
        topics = self.scene.topics
        wait_for(
            lambda: (
                self.scene.is_read("match", topics.system_events)
                and self.scene.is_read("ordered", topics.deliveries_ordered)
            ),
            "all are matched and finished",
            timeout_seconds,
        )
        wait_for(lambda: len(self.outcomes()) == len(self.sent), f"{len(self.sent)} runs have ended")
        return self.outcomes()

    def duplicates(self) -> int:
        """Requests beyond the attempts that the run log has; a broken-off attempt has no record."""
        log = (decode_run_log(record.value or b"") for record in self.scene.records(self.scene.topics.run_log))
        attempts = {
            (each.run.run_id, each.number)
            for each in log
            if isinstance(each, AttemptRecord) and each.run.integration_id == self.name
        }
        return len(self.received()) - len(attempts)


def falls(received: list[tuple[str, int]]) -> list[tuple[str, int, int]]:
    """Where a subject's numbers fell: (subject, from, to)."""
    last: dict[str, int] = {}
    found = []
    for subject, number in received:
        if number < last.get(subject, number):
            found.append((subject, last[subject], number))
        last[subject] = number
    return found
