"""Producing on a real broker: acknowledgement in groups, from threads and from an event loop."""

import functools
import hashlib
import threading
from collections.abc import Iterator
from contextlib import closing
from math import inf

import pytest
from kafka import KafkaConsumer, TopicPartition

from shared.adapters.async_publisher import AsyncPublisher
from shared.adapters.kafka_clients import producer, table_consumer
from shared.adapters.publisher import Publisher, PublishFailed
from shared.adapters.settings import ServiceSettings
from shared.core.records import OutRecord
from shared.core.topics import MAX_RECORD_BYTES
from tests.component.shared.conftest import MakeTopic
from tests.waiting import wait_for


def _records(settings: ServiceSettings, topic: str) -> list[bytes | None]:
    consumer: KafkaConsumer = table_consumer(settings)
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek_to_beginning(partition)
    end = consumer.end_offsets([partition])[partition]
    values: list[bytes | None] = []

    def all_read() -> bool:
        values.extend(record.value for record in consumer.poll(200).get(partition, ()))
        return len(values) >= int(end)

    wait_for(all_read, "everything acknowledged is read")
    consumer.close()
    return values


def test_what_was_acknowledged_stands_on_the_topic_in_order(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher
) -> None:
    topic = make_topic("out")
    values = [b"%d" % number for number in range(500)]
    publisher.send([OutRecord(topic, b"k", value) for value in values]).wait()
    assert _records(settings, topic) == values


def test_a_group_is_acknowledged_once_and_an_empty_one_at_once(make_topic: MakeTopic, publisher: Publisher) -> None:
    topic = make_topic("out")
    told: list[str] = []
    done = threading.Event()
    acknowledgement = publisher.send([OutRecord(topic, b"k", b"1"), OutRecord(topic, b"k", b"2")])

    def tell() -> None:
        told.append("group")
        done.set()

    acknowledgement.then(tell)
    assert done.wait(30)
    acknowledgement.wait()
    publisher.send([]).then(lambda: told.append("empty"))
    assert told == ["group", "empty"]


def test_a_refused_record_fails_its_group_and_tells_the_process(
    settings: ServiceSettings, make_topic: MakeTopic
) -> None:
    failures: list[BaseException] = []
    publisher = Publisher(producer(settings), failures.append)
    topic = make_topic("out")
    # lz4 leaves random-looking bytes as they are, so that the broker sees them larger than the topic allows.
    too_large = b"".join(hash_block(number) for number in range(MAX_RECORD_BYTES // 32 + 100))
    acknowledgement = publisher.send([OutRecord(topic, b"k", b"small"), OutRecord(topic, b"k", too_large)])
    called: list[bool] = []
    acknowledgement.then(lambda: called.append(True))
    with pytest.raises(PublishFailed):
        acknowledgement.wait()
    wait_for(lambda: failures, "the process is told")
    assert called == []
    publisher.close()


def hash_block(number: int) -> bytes:
    return hashlib.sha256(number.to_bytes(8)).digest()


def test_records_submitted_from_an_event_loop_are_acknowledged_and_flushed_at_the_end(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher
) -> None:
    topic = make_topic("out")
    outbox = AsyncPublisher(publisher)
    thread = threading.Thread(target=outbox.run)
    thread.start()
    done: list[int] = []
    for number in range(50):
        outbox.submit([OutRecord(topic, b"k", b"%d" % number)], functools.partial(done.append, number))
    outbox.close()
    thread.join(timeout=30)
    assert not thread.is_alive()
    wait_for(lambda: done == list(range(50)), "all are acknowledged in order")
    assert _records(settings, topic) == [b"%d" % number for number in range(50)]


def test_records_of_many_batches_and_one_that_is_checked_alone_stand_in_order(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher
) -> None:
    topic = make_topic("out")
    small = [b"%d " % number + hash_block(number) * 64 for number in range(200)]
    alone = b"alone" * 300_000
    values = [*small[:100], alone, *small[100:]]
    publisher.send([OutRecord(topic, b"k", value) for value in values]).wait()
    assert _records(settings, topic) == values


def test_the_producer_sleeps_while_all_it_may_have_under_way_is_under_way(
    settings: ServiceSettings, make_topic: MakeTopic
) -> None:
    topic = make_topic("out", partitions=2)
    with closing(producer(settings)) as client:
        for partition in (0, 1):
            client.send(topic, value=b"1", partition=partition).get(timeout=30)
        leader = client._metadata.leader_for_partition(TopicPartition(topic, 0))
        # How long to wait for a broker that takes no more requests now: until it answers, where kafka-python says 0.
        assert client._sender._client.connection_delay(leader) == inf
        assert client._sender._client.connection_delay(leader + 1) == 0
        # What it looks through again and again is what waits, and not all it was ever given.
        assert list(client._accumulator._batches.keys()) == []


@pytest.fixture
def patient(publisher: Publisher) -> Iterator[AsyncPublisher]:
    """An outbox that would wait a minute for company."""
    outbox = AsyncPublisher(publisher, gather_seconds=60.0)
    thread = threading.Thread(target=outbox.run)
    thread.start()
    yield outbox
    outbox.close()
    thread.join(timeout=30)


def test_what_waits_for_company_goes_at_the_end(make_topic: MakeTopic, patient: AsyncPublisher) -> None:
    topic = make_topic("out")
    done: list[int] = []
    for number in range(3):
        patient.submit([OutRecord(topic, b"k", b"%d" % number)], functools.partial(done.append, number))
    patient.close()
    wait_for(lambda: done == [0, 1, 2], "all are acknowledged")


def test_enough_company_does_not_wait_for_more(make_topic: MakeTopic, patient: AsyncPublisher) -> None:
    topic = make_topic("out")
    done: list[int] = []
    for number in range(500):  # the first goes alone, perhaps with some others
        patient.submit([OutRecord(topic, b"k", b"%d" % number)], functools.partial(done.append, number))
    wait_for(lambda: len(done) > 250, "enough of them is acknowledged long before the minute is over")


def test_who_comes_alone_waits_for_nobody(make_topic: MakeTopic, patient: AsyncPublisher) -> None:
    done = threading.Event()
    patient.submit([OutRecord(make_topic("out"), b"k", b"1")], done.set)
    assert done.wait(30)


def test_who_comes_soon_after_another_goes_when_the_time_is_over(make_topic: MakeTopic, publisher: Publisher) -> None:
    topic = make_topic("out")
    outbox = AsyncPublisher(publisher, gather_seconds=0.05)
    thread = threading.Thread(target=outbox.run)
    thread.start()
    for number in range(2):
        done = threading.Event()
        outbox.submit([OutRecord(topic, b"k", b"%d" % number)], done.set)
        assert done.wait(30)
    outbox.close()
    thread.join(timeout=30)
    assert not thread.is_alive()
