"""The loop that works batch by batch, on a real broker."""

import threading
from collections.abc import Sequence

from kafka import TopicPartition

from shared.adapters.batch_consumer import BatchConsumer
from shared.adapters.kafka_clients import group_consumer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.core.records import OutRecord, Record
from tests.component.shared.conftest import MakeTopic, Run, keys_of_both_partitions
from tests.waiting import wait_for

GROUP = "batches"


class Batches:
    """One member of the group. ``gate`` lets a batch return; ``fails`` makes the next one raise."""

    def __init__(self, settings: ServiceSettings, topic: str, run: Run, *, fails: bool = False) -> None:
        self.seen: list[bytes | None] = []
        self.gate = threading.Event()
        self.gate.set()
        self._fails = fails
        self.kafka = group_consumer(settings, GROUP)
        self.consumer = BatchConsumer(self.kafka, [topic], self._handle)
        self.running = run(self.consumer.run)

    def _handle(self, batch: Sequence[Record]) -> None:
        self.seen += [record.value for record in batch]
        if self._fails:
            raise ConnectionError("the database is away")
        self.gate.wait()


def _committed(settings: ServiceSettings, topic: str) -> int | None:
    watching = group_consumer(settings, GROUP)
    offset: int | None = watching.committed(TopicPartition(topic, 0))
    watching.close()
    return offset


def test_a_batch_is_committed_after_it_was_handled_and_not_before(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("batches")
    publisher.send([OutRecord(topic, b"k", b"1"), OutRecord(topic, b"k", b"2")]).wait()
    batches = Batches(settings, topic, run)
    batches.gate.clear()
    wait_for(lambda: batches.seen, "a batch is under way")
    assert _committed(settings, topic) is None
    batches.gate.set()
    wait_for(lambda: _committed(settings, topic) == 2, "both are committed")


def test_a_batch_whose_handler_raised_ends_the_loop_and_is_delivered_again(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("batches")
    publisher.send([OutRecord(topic, b"k", b"1"), OutRecord(topic, b"k", b"2")]).wait()
    failing = Batches(settings, topic, run, fails=True)
    wait_for(lambda: failing.running.ended, "the loop ends")
    assert isinstance(failing.running.error, ConnectionError)
    failing.kafka.close(autocommit=False)
    again = Batches(settings, topic, run)
    wait_for(lambda: again.seen == [b"1", b"2"], "the whole batch comes again")


def test_a_stop_commits_what_was_handled_last(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("batches")
    publisher.send([OutRecord(topic, b"k", b"1")]).wait()
    batches = Batches(settings, topic, run)
    wait_for(lambda: batches.seen, "it is handled")
    batches.running.end()
    assert _committed(settings, topic) == 1


def test_when_a_member_joins_nothing_handled_is_handled_again(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("batches", partitions=2)
    keys = keys_of_both_partitions()
    publisher.send([OutRecord(topic, key, b"before " + key) for key in keys]).wait()
    first = Batches(settings, topic, run)
    wait_for(lambda: len(first.seen) == 2, "both are handled")
    second = Batches(settings, topic, run)
    wait_for(lambda: first.kafka.assignment() and second.kafka.assignment(), "both have a partition")
    publisher.send([OutRecord(topic, key, b"after " + key) for key in keys]).wait()
    wait_for(lambda: len(first.seen) + len(second.seen) >= 4, "the next ones are handled")
    assert sorted(value or b"" for value in first.seen + second.seen) == sorted(
        word + key for word in (b"before ", b"after ") for key in keys
    )
