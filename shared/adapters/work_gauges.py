"""What a member of a consumer group knows about its own work, for whoever scrapes: lag, and the age of the oldest.

The loop tells what it read and what is finished once a batch, never once a record. Ages are computed when asked for, so
they grow while the loop itself hangs. The end of a partition is what brokers told with the last fetch: asking for it
would cost a request and block where brokers are away. While a partition is paused nothing is fetched and its lag stands
still; its age does not.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from shared.adapters import metrics
from shared.adapters.clock import now_ms
from shared.core.backlog import Backlog, Times
from shared.core.records import Record


class Partition(Protocol):
    """As kafka-python and Faust name one: a tuple of both."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...


class WorkGauges:
    """Of the group with this full name, the one that Kafka's own tools show. Thread-safe."""

    def __init__(self, group: str, topics: Iterable[str]) -> None:
        self._group = group
        for topic in topics:
            metrics.begin_at_zero(topic)
        self._backlog = Backlog()
        self._lock = threading.Lock()
        metrics.LAG.watch(group, self._lags)
        metrics.WORK_OVERDUE_SECONDS.watch(group, self._overdue_seconds)
        metrics.OLDEST_UNFINISHED_SECONDS.watch(group, self._ages_seconds)

    def read(self, partition: Partition, records: Sequence[Record], due_ms: int = 0) -> None:
        """A batch of one partition was read. ``due_ms`` is when the first record is to be worked on, where that is
        later than its append."""
        with self._lock:
            self._backlog.read(_place(partition), records[0].offset, _times(records[0], due_ms), records[-1].offset + 1)

    def head(self, partition: Partition, record: Record, due_ms: int) -> None:
        """Of the batch of this partition that waits, this record is now the first."""
        with self._lock:
            self._backlog.head(_place(partition), record.offset, _times(record, due_ms))

    def finished(self, offsets: Mapping[Any, int]) -> None:
        """Everything below these offsets is finished, by partition."""
        with self._lock:
            for partition, offset in offsets.items():
                self._backlog.finish(_place(partition), offset)

    def ends(self, offsets: Mapping[Any, int | None]) -> None:
        """Where partitions end, where that is known."""
        with self._lock:
            for partition, offset in offsets.items():
                if offset is not None:
                    self._backlog.end(_place(partition), offset)

    def dropped(self, partitions: Iterable[Partition]) -> None:
        """These partitions are somebody else's now."""
        with self._lock:
            self._backlog.drop(map(_place, partitions))

    def keep_only(self, partitions: Iterable[Partition]) -> None:
        """All others are somebody else's now."""
        with self._lock:
            self._backlog.keep_only(map(_place, partitions))

    def _lags(self) -> metrics.Values:
        with self._lock:
            lags = self._backlog.lags()
        return {(self._group, topic): lag for topic, lag in lags.items()}

    def _overdue_seconds(self) -> metrics.Values:
        return self._since(lambda times: times.due_ms)

    def _ages_seconds(self) -> metrics.Values:
        return self._since(lambda times: times.append_ms)

    def _since(self, begin_ms: Callable[[Times], int]) -> metrics.Values:
        with self._lock:
            oldest = self._backlog.oldest()
        now = now_ms()
        return {
            (self._group, topic): 0.0 if times is None else max(0.0, (now - begin_ms(times)) / 1000)
            for topic, times in oldest.items()
        }


def _times(record: Record, due_ms: int) -> Times:
    # Producers of ours set a time; a record without one counts from now.
    append_ms = record.timestamp_ms if record.timestamp_ms > 0 else now_ms()
    return Times(append_ms, max(append_ms, due_ms))


def _place(partition: Partition) -> tuple[str, int]:
    return partition.topic, partition.partition
