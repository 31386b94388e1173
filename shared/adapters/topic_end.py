"""Where a topic ends right now: the other half of `topic_table`'s "wait until what was acknowledged before
applies".

The end is that of committed records (`read_committed`), so a table that has read up to it misses nothing that
any writer was told is done.
"""

from kafka import KafkaConsumer
from kafka.errors import KafkaError

from shared.adapters.kafka_clients import partitions_of
from shared.core.faults import InfrastructureError
from shared.core.topics import Topic


class EndUnknown(InfrastructureError):
    """The brokers did not answer in time."""


class TopicEnd:
    """Asks for the end of a one-partition topic. Not thread-safe; owns its consumer."""

    def __init__(self, consumer: KafkaConsumer, topic: Topic) -> None:
        self._consumer = consumer
        self._partitions = partitions_of(topic.name, 1)

    def offset(self, timeout_seconds: float) -> int:
        """The offset that the next committed record will be beyond. Raises EndUnknown."""
        try:
            ends = self._consumer.end_offsets(self._partitions, timeout_ms=int(timeout_seconds * 1000))
        except KafkaError as error:
            raise EndUnknown(str(error)) from error
        return int(ends[self._partitions[0]])

    def close(self) -> None:
        self._consumer.close()
