"""Polling on a real broker while a group is joined."""

import threading

from shared.adapters.broker_patience import poll
from shared.adapters.kafka_clients import group_consumer
from shared.adapters.settings import ServiceSettings
from tests.component.shared.conftest import MakeTopic


def test_a_join_that_takes_longer_than_a_poll_is_not_thrown_away(
    settings: ServiceSettings, make_topic: MakeTopic
) -> None:
    topic = make_topic("work", partitions=2)
    consumer = group_consumer(settings, "patience")
    consumer.subscribe(topics=[topic])
    nobody_sets_it = threading.Event()
    for _ in range(3):
        poll(consumer, 1)
        nobody_sets_it.wait(0.2)  # A loop that has other things to do; this pause is what the test is about.
    assert len(consumer.assignment()) == 2
    # The second one because a leader may join before it knows of the topic's partitions.
    assert consumer.group_metadata().generation_id <= 2
    consumer.close()
