"""A topic from its first record to its end, partition by partition: what the order of a topic is judged by."""

from __future__ import annotations

import contextlib

from shared.adapters.kafka_clients import partitions_of, read, table_consumer
from shared.adapters.settings import ServiceSettings
from shared.core.records import Record

_POLL_MS = 100


def read_whole(settings: ServiceSettings, *topics: str) -> list[Record]:
    """Every record that ``topics`` hold now; those of one partition stand in their order."""
    found: list[Record] = []
    with contextlib.closing(table_consumer(settings)) as consumer:
        partitions = [
            each for topic in topics for each in partitions_of(topic, len(consumer.partitions_for_topic(topic)))
        ]
        consumer.assign(partitions)
        consumer.seek_to_beginning(*partitions)
        ends = consumer.end_offsets(partitions)
        while any(consumer.position(each) < ends[each] for each in partitions):
            for records in consumer.poll(timeout_ms=_POLL_MS).values():
                found += map(read, records)
    return found
