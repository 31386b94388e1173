"""Polling on a real broker while a group is joined."""

import threading
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from kafka import TopicPartition

from shared.adapters.broker_patience import poll
from shared.adapters.kafka_clients import admin_client, group_consumer, producer
from shared.adapters.settings import ServiceSettings
from tests.component.shared.conftest import MakeTopic
from tests.waiting import wait_for


@pytest.fixture
def consumer(settings: ServiceSettings) -> Iterator[Any]:
    with closing(group_consumer(settings, "patience")) as member:
        yield member


def busy_elsewhere(seconds: float) -> None:
    """The loop does something else than poll; how long is what these tests are about."""
    threading.Event().wait(seconds)


def test_a_join_that_takes_longer_than_a_poll_is_not_thrown_away(consumer: Any, make_topic: MakeTopic) -> None:
    consumer.subscribe(topics=[make_topic("work", partitions=2)])
    for _ in range(3):
        poll(consumer, 1)
        busy_elsewhere(0.2)
    assert len(consumer.assignment()) == 2
    # The second one because a leader may join before it knows of the topic's partitions.
    assert consumer.group_metadata().generation_id <= 2


def test_a_leader_whose_join_was_answered_while_nobody_polled_does_not_stay_outside(
    consumer: Any, settings: ServiceSettings, make_topic: MakeTopic
) -> None:
    topic = make_topic("work", partitions=1)
    consumer.subscribe(topics=[topic])
    wait_for(lambda: poll(consumer, 100) or consumer.assignment(), "it has joined")
    with closing(admin_client(settings)) as admin:
        admin.create_partitions({topic: 2})

    def noticed() -> bool:
        consumer._coordinator._cluster.request_update()
        busy_elsewhere(0.1)
        return bool(consumer._coordinator.need_rejoin())

    wait_for(noticed, "the leader sees the new partition")
    consumer.poll(timeout_ms=1)  # begins to join, as a loop's poll may that began before there was a reason
    busy_elsewhere(0.5)
    wait_for(lambda: poll(consumer, 100) or len(consumer.assignment()) == 2, "it has both partitions", 15)


def test_records_set_aside_by_a_pause_come_after_it_although_the_other_partitions_are_quiet(
    consumer: Any, settings: ServiceSettings, make_topic: MakeTopic
) -> None:
    topic = make_topic("work", partitions=2)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    consumer.subscribe(topics=[topic])
    wait_for(lambda: poll(consumer, 100) or len(consumer.assignment()) == 2, "it has both partitions")
    with closing(producer(settings)) as writer:
        consumer.pause(second)
        for number in range(800):
            writer.send(topic, value=b"%d" % number, partition=0)
        writer.send(topic, value=b"other", partition=1)
        writer.flush()
        read = 0

        def some_of_the_first() -> bool:
            nonlocal read
            read += len(poll(consumer, 100).get(first, ()))
            return 0 < read < 800

        wait_for(some_of_the_first, "a part of the batch")
        consumer.pause(first)
        consumer.resume(second)
        wait_for(lambda: poll(consumer, 100).get(second), "the other partition's record")
        consumer.resume(first)

        def all_of_the_first() -> bool:
            nonlocal read
            read += len(poll(consumer, 100).get(first, ()))
            return read == 800

        wait_for(all_of_the_first, "the rest of the batch", 10)
