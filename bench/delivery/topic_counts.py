"""How many records stand on a topic: the fleet's progress, seen without reading anything."""

from __future__ import annotations

from shared.adapters.kafka_clients import partitions_of, table_consumer
from shared.adapters.settings import ServiceSettings
from shared.core.topics import Topic


class TopicCounts:
    """Asks brokers for ends. Used by one thread."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._consumer = table_consumer(settings)

    def count(self, *topics: Topic) -> int:
        """Records ever written to ``topics``, their transactions' markers included."""
        partitions = [each for topic in topics for each in partitions_of(topic.name, topic.partitions)]
        return sum(self._consumer.end_offsets(partitions).values())

    def close(self) -> None:
        self._consumer.close()
