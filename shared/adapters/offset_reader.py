"""Reads named records once more, for a stage that read past them without keeping them.

With a consumer of its own outside any group, so that the group's positions stay where they are. Blocking; one thread.
"""

import time
from collections.abc import Callable, Sequence

from kafka import KafkaConsumer, TopicPartition

from shared.adapters.broker_patience import poll
from shared.adapters.kafka_clients import read
from shared.core.faults import InfrastructureError
from shared.core.records import Record

#: Longest time for one reading, in seconds; brokers that are away longer end the process.
LIMIT_SECONDS = 60.0
_POLL_MS = 100


class RecordsGone(InfrastructureError):
    """Records are no longer on the topic, or brokers did not answer in time."""


class OffsetReader:
    """``open_consumer`` makes a consumer outside any group; it is opened at the first use."""

    def __init__(self, open_consumer: Callable[[], KafkaConsumer]) -> None:
        self._open_consumer = open_consumer
        self._consumer: KafkaConsumer | None = None

    def read(self, partition: TopicPartition, offsets: Sequence[int]) -> list[Record]:
        """The records at ``offsets``, which ascend. Raises RecordsGone when one is missing."""
        if self._consumer is None:
            self._consumer = self._open_consumer()
        self._consumer.assign([partition])
        self._consumer.seek(partition, offsets[0])
        missing = set(offsets)
        found: list[Record] = []
        deadline = time.monotonic() + LIMIT_SECONDS
        while missing:
            for record in poll(self._consumer, _POLL_MS).get(partition, ()):
                if record.offset in missing:
                    missing.remove(record.offset)
                    found.append(read(record))
                elif missing and record.offset > offsets[-1]:
                    raise RecordsGone(f"{len(missing)} records of {partition} from offset {min(missing)} on are gone")
            if time.monotonic() > deadline:
                raise RecordsGone(f"{partition} from offset {min(missing)} on was not read in {LIMIT_SECONDS:.0f} s")
        return found

    def close(self) -> None:
        if self._consumer is not None:
            self._consumer.close()
