"""A batch at the handler: a partition taken over is looked back on, so that no run counts twice."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from services.disabler.core.streak import Streak
from services.disabler.handler import Handler
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.core.messages.integration_events import IntegrationEvent, RunStatus
from shared.core.record_format import NOT_UTF8
from shared.core.records import OutRecord, Record
from shared.core.topics import topics
from tests.unit.disabler.outcomes import outcome

TOPICS = topics("", 1)


class Partition:
    """One partition of ``integration-events`` with table and outputs that outlive a handler."""

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.streaks: dict[bytes, Streak] = {}
        self.looked_back: list[int] = []

    def append(self, event: IntegrationEvent) -> Record:
        record = Record(
            TOPICS.integration_events.name,
            0,
            len(self.records),
            event.key,
            event.encode(),
            tuple(event.headers()),
            len(self.records) * 1000,
        )
        self.records.append(record)
        return record

    async def publish(self, records: Sequence[OutRecord]) -> None:
        """Nobody listens here."""

    def read(self, key: bytes) -> Streak | None:
        return self.streaks.get(key)

    async def write(self, streaks: Mapping[bytes, Streak], partitions: Mapping[bytes, int]) -> None:
        self.streaks.update(streaks)

    async def before(self, partition: int, offset: int, count: int) -> Sequence[Record]:
        self.looked_back.append(offset)
        return self.records[max(0, offset - count) : offset]

    def failed_runs(self) -> int:
        return sum(len(streak.failed_runs) for streak in self.streaks.values())


def handler(of: Partition) -> Handler:
    return Handler(TOPICS, of, of, of, DeadLetterBox(TOPICS.dead_letters.name, "disabler"))


def handle(by: Handler, *records: Record) -> None:
    asyncio.run(by.handle(records))


def test_a_second_outcome_is_recognised_by_whoever_takes_the_partition_over() -> None:
    """A run succeeded on an empty streak, which leaves no trace in the table, and fails in its second outcome."""
    partition = Partition()
    handle(handler(partition), partition.append(outcome("run", RunStatus.COMPLETED)))
    handle(handler(partition), partition.append(outcome("run", RunStatus.FAILED)))
    assert partition.failed_runs() == 0


def test_a_record_that_was_set_aside_for_its_headers_is_not_the_end_of_its_run() -> None:
    partition = Partition()
    unreadable = replace(partition.append(outcome("run")), fault=NOT_UTF8)
    partition.records[0] = unreadable
    handle(handler(partition), unreadable)
    assert partition.failed_runs() == 0
    handle(handler(partition), partition.append(outcome("run")))
    assert partition.failed_runs() == 1


def test_a_partition_that_goes_on_is_looked_back_on_once() -> None:
    partition = Partition()
    same = handler(partition)
    for number in range(3):
        handle(same, partition.append(outcome(f"run-{number}")))
    assert partition.looked_back == [0]
    assert partition.failed_runs() == 3


def test_a_partition_that_was_somewhere_else_meanwhile_is_looked_back_on_again() -> None:
    partition = Partition()
    first, other = handler(partition), handler(partition)
    handle(first, partition.append(outcome("a")))
    handle(other, partition.append(outcome("b", RunStatus.COMPLETED)))
    handle(first, partition.append(outcome("b", RunStatus.FAILED)))
    assert partition.looked_back == [0, 1, 2]
    assert partition.failed_runs() == 0
