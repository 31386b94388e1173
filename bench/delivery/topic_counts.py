"""How many records stand on a topic, and whether a group is through with it: the fleet's progress, seen without reading
anything."""

from __future__ import annotations

from kafka import KafkaConsumer

from shared.adapters.kafka_clients import group_consumer, partitions_of, table_consumer
from shared.adapters.settings import ServiceSettings
from shared.core.topics import Topic


class TopicCounts:
    """Asks brokers for ends and commits. Used by one thread."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._consumer = table_consumer(settings)
        self._members: dict[str, KafkaConsumer] = {}

    def count(self, *topics: Topic) -> int:
        """Records ever written to ``topics``, their transactions' markers included."""
        return sum(self._ends(*topics).values())

    def unfinished(self, group: str, topic: Topic) -> int:
        """Records of ``topic`` above what ``group`` has committed."""
        if group not in self._members:
            # It never joins: it asks for the group's commits.
            self._members[group] = group_consumer(self._settings, group)
        member = self._members[group]
        return sum(end - (member.committed(each) or 0) for each, end in self._ends(topic).items())

    def _ends(self, *topics: Topic) -> dict[object, int]:
        partitions = [each for topic in topics for each in partitions_of(topic.name, topic.partitions)]
        ends: dict[object, int] = self._consumer.end_offsets(partitions)
        return ends

    def close(self) -> None:
        for consumer in (self._consumer, *self._members.values()):
            consumer.close(autocommit=False)
