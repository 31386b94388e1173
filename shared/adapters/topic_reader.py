"""Topics read up to where they end right now: whoever looks at them from outside, once or again and again.

Outside any consumer group, so that looking changes nothing for anybody. Each reading ends at the ends that the topics
had when it began, however busy their writers are, and the next one goes on from there. Records come one by one, so
that memory is that of one poll. Used by one thread.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from kafka import TopicPartition
from kafka.errors import KafkaError

from shared.adapters.broker_patience import poll
from shared.adapters.kafka_clients import read, table_consumer
from shared.adapters.settings import ServiceSettings
from shared.core.faults import InfrastructureError
from shared.core.records import Record

_POLL_MS = 200
#: Seconds without a record, although some are to come, after which the brokers are given up.
_PATIENCE_SECONDS = 30.0
_PATIENCE_MS = int(_PATIENCE_SECONDS * 1000)

#: Told how many offsets have been passed, and of how many.
Progress = Callable[[int, int], None]


class TopicUnreadable(InfrastructureError):
    """A topic does not exist, or the brokers do not answer."""


def _untold(passed: int, total: int) -> None:
    """Nobody follows."""


class TopicReader:
    """Begins at the topics' beginnings unless told otherwise."""

    def __init__(self, settings: ServiceSettings, topics: Sequence[str]) -> None:
        """Raises TopicUnreadable when a topic does not exist."""
        self._consumer = table_consumer(settings)
        self._partitions: list[TopicPartition] = []
        with _readable():
            for topic in topics:
                numbers = self._consumer.partitions_for_topic(topic)
                if not numbers:
                    raise TopicUnreadable(f"there is no topic {topic} at {settings.kafka_bootstrap_servers}")
                self._partitions += [TopicPartition(topic, number) for number in sorted(numbers)]
            self._consumer.assign(self._partitions)
            self._consumer.seek_to_beginning(*self._partitions)

    def begin_at_time(self, timestamp_ms: int) -> None:
        """Go to the first records of that time, in milliseconds since 1970, or later. Raises TopicUnreadable."""
        with _readable():
            found = self._consumer.offsets_for_times(dict.fromkeys(self._partitions, timestamp_ms))
            for partition, first in found.items():
                if first is None:
                    self._consumer.seek_to_end(partition)
                else:
                    self._consumer.seek(partition, first.offset)

    def begin_at(self, offsets: Mapping[tuple[str, int], int]) -> None:
        """Go to an offset of each (topic, partition) named, and to the end of all others."""
        with _readable():
            for partition in self._partitions:
                offset = offsets.get((partition.topic, partition.partition))
                if offset is None:
                    self._consumer.seek_to_end(partition)
                else:
                    self._consumer.seek(partition, offset)

    def unread(self, progress: Progress = _untold) -> Iterator[Record]:
        """Every record from where the reading stands to the ends of now, each partition's in order.

        Raises TopicUnreadable when the brokers fall silent before that.
        """
        with _readable():
            ends = self._consumer.end_offsets(self._partitions, timeout_ms=_PATIENCE_MS)
            starts = {each: self._position(each) for each in self._partitions}
        total = sum(max(0, ends[each] - starts[each]) for each in self._partitions)
        passed, silent_seconds = 0, 0.0
        progress(passed, total)
        while passed < total:
            asked = time.monotonic()
            with _readable():
                polled = poll(self._consumer, _POLL_MS)
                positions = {each: self._position(each) for each in self._partitions}
            for records in polled.values():
                yield from map(read, records)
            before, passed = passed, sum(max(0, min(positions[each], ends[each]) - starts[each]) for each in starts)
            silent_seconds = 0.0 if passed > before else silent_seconds + time.monotonic() - asked
            if silent_seconds > _PATIENCE_SECONDS:
                raise TopicUnreadable(f"the brokers gave nothing for {_PATIENCE_SECONDS:.0f} s")
            progress(passed, total)

    def _position(self, partition: TopicPartition) -> int:
        return int(self._consumer.position(partition, timeout_ms=_PATIENCE_MS) or 0)

    def close(self) -> None:
        self._consumer.close(autocommit=False)


@contextmanager
def _readable() -> Iterator[None]:
    try:
        yield
    except KafkaError as error:
        raise TopicUnreadable(f"the brokers cannot be read: {error}") from error
