"""Reads what lies just before an offset of a partition, with a consumer of its own outside any group.

For whoever takes a partition over and needs to know what its predecessor has just seen.
"""

import time
from collections.abc import Callable

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from shared.adapters.broker_patience import poll
from shared.adapters.kafka_clients import read
from shared.core.faults import InfrastructureError
from shared.core.records import Record

#: Seconds after which a reading is given up.
LIMIT_SECONDS = 30.0
_POLL_MS = 200


class TailUnread(InfrastructureError):
    """Brokers did not give the records in time."""


class PartitionTail:
    """``open_consumer`` makes a consumer outside any group. Calls block: never on an event loop."""

    def __init__(self, open_consumer: Callable[[], KafkaConsumer], topic: str) -> None:
        self._open_consumer = open_consumer
        self._topic = topic

    def before(self, partition: int, offset: int, count: int) -> list[Record]:
        """The records of the last ``count`` offsets below ``offset``, oldest first. Raises TailUnread."""
        deadline = time.monotonic() + LIMIT_SECONDS
        where = TopicPartition(self._topic, partition)
        try:
            consumer = self._open_consumer()
            try:
                consumer.assign([where])
                start = max(consumer.beginning_offsets([where])[where], offset - count)
                consumer.seek(where, start)
                found: list[Record] = []
                while (consumer.position(where) or 0) < offset:
                    if time.monotonic() > deadline:
                        raise TailUnread(f"partition {partition} of {self._topic} up to {offset}")
                    found += [read(each) for each in poll(consumer, _POLL_MS).get(where, [])]
                return [each for each in found if each.offset < offset]
            finally:
                consumer.close()
        except (KafkaError, KeyError) as error:
            raise TailUnread(f"partition {partition} of {self._topic}: {type(error).__name__}") from error
