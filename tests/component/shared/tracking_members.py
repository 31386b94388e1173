"""A group member that a test drives record by record, and an observer of what it committed."""

import threading
from collections.abc import Sequence

from kafka import TopicPartition

from shared.adapters.history_reader import HistoryReader
from shared.adapters.kafka_clients import group_consumer, table_consumer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.adapters.tracking_consumer import IsLost, Ticket, TrackingConsumer
from shared.core.records import OutRecord, Record
from tests.component.shared.conftest import GROUP, Run, Running
from tests.waiting import wait_for

A, B, C, D, E = b"a", b"b", b"c", b"d", b"e"


class Bench:
    """A reader that keeps what it is given until the test says that it is finished. What has not been begun is
    forgotten when asked, as the send stage does with its lanes."""

    def __init__(self, room: int = 1_000) -> None:
        self.lock = threading.Lock()
        self.waiting: list[tuple[Record, Ticket]] = []
        self.begun: dict[bytes, Ticket] = {}
        self.seen: list[bytes] = []
        self.recalled: list[bytes] = []
        self.recalled_when_taking: list[int] = []
        self.room = room

    def has_room(self, topic: str) -> bool:
        return len(self.waiting) < self.room

    def took_over(self, partition: int) -> None:
        """What it remembers is looked at by the test alone."""

    def recall(self, finished: Sequence[Record]) -> None:
        with self.lock:
            self.recalled += [record.value or b"" for record in finished]

    def take(self, work: Sequence[tuple[Record, Ticket]]) -> None:
        with self.lock:
            self.waiting += work
            self.recalled_when_taking.append(len(self.recalled))
            self.seen += [record.value or b"" for record, _ in work]

    def forget(self, is_lost: IsLost) -> int:
        with self.lock:
            kept = [each for each in self.waiting if not is_lost(each[1])]
            forgotten = len(self.waiting) - len(kept)
            self.waiting = kept
            return forgotten

    def begin(self, *values: bytes) -> None:
        with self.lock:
            for record, ticket in self.waiting:
                if record.value in values or not values:
                    self.begun[record.value or b""] = ticket
            self.waiting = [each for each in self.waiting if each[0].value not in self.begun]


class Member:
    """One member of the group with its bench."""

    def __init__(self, settings: ServiceSettings, topics: Sequence[str], run: Run, room: int = 1_000) -> None:
        self.bench = Bench(room)
        self.kafka = group_consumer(settings, GROUP)
        history = HistoryReader(lambda: table_consumer(settings))
        self.consumer = TrackingConsumer(self.kafka, topics, self.bench, history)
        self.running: Running = run(self.consumer.run)

    def saw(self, *values: bytes) -> bool:
        return set(values) <= set(self.bench.seen)

    def finish(self, *values: bytes) -> None:
        self.bench.begin(*values)
        for value in values:
            self.consumer.finish(self.bench.begun.pop(value))

    def finish_all(self) -> None:
        self.bench.begin()
        self.finish(*list(self.bench.begun))

    def partitions(self) -> set[TopicPartition]:
        return set(self.kafka.assignment())

    def crash(self) -> None:
        """Leave without finishing, committing or draining anything."""
        self.kafka.close(autocommit=False)
        wait_for(lambda: self.running.ended, "the crashed member's thread ends")


def write(publisher: Publisher, topic: str, values: Sequence[bytes], key: bytes = b"k") -> None:
    publisher.send([OutRecord(topic, key, value) for value in values]).wait()
