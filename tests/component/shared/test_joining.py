"""A group's member gets what it is assigned, however short the polls are in which it joins."""

from kafka import TopicPartition

from shared.adapters.kafka_clients import group_consumer
from shared.adapters.settings import ServiceSettings
from tests.component.shared.conftest import MakeTopic
from tests.waiting import wait_for


def test_a_join_that_outlasts_the_poll_that_began_it_comes_to_its_end(
    settings: ServiceSettings, make_topic: MakeTopic
) -> None:
    early, late = make_topic("early"), f"{settings.topic_prefix}late"
    consumer = group_consumer(settings, "joining")
    consumer.subscribe(topics=[early, late])

    def assigned() -> set[TopicPartition]:
        consumer.poll(timeout_ms=1)
        return set(consumer.assignment())

    wait_for(lambda: assigned() == {TopicPartition(early, 0)}, "the topic that exists is assigned")
    make_topic("late")
    # Only now does the leader learn of the second topic, and joins again because of it.
    consumer._coordinator._cluster.request_update()
    wait_for(lambda: assigned() == {TopicPartition(early, 0), TopicPartition(late, 0)}, "so is the new one")
    consumer.close()
