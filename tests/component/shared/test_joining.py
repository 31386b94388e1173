"""A group's member gets what it is assigned, however short the polls that its loop asks for."""

from contextlib import closing

from kafka import TopicPartition

from shared.adapters.broker_patience import poll
from shared.adapters.kafka_clients import admin_client, group_consumer
from shared.adapters.settings import ServiceSettings
from tests.component.shared.conftest import MakeTopic
from tests.waiting import wait_for


def test_a_join_that_outlasts_the_poll_that_began_it_comes_to_its_end(
    settings: ServiceSettings, make_topic: MakeTopic
) -> None:
    topic = make_topic("work")
    with closing(group_consumer(settings, "joining")) as consumer:
        consumer.subscribe(topics=[topic])

        def assigned() -> set[TopicPartition]:
            poll(consumer, 1)
            return set(consumer.assignment())

        wait_for(lambda: len(assigned()) == 1, "its only partition is assigned")
        with closing(admin_client(settings)) as admin:
            admin.create_partitions({topic: 2})
        # What makes a leader join again is that it learns of other partitions.
        wait_for(lambda: consumer._coordinator._cluster.request_update() and len(assigned()) == 2, "so is the new one")
