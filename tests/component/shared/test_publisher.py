"""Producing on a real broker: acknowledgement in groups, from threads and from an event loop."""

import functools
import hashlib
import threading

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
