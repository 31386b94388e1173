"""How old the work of one member of a consumer group is, and how much of it there is.

A queue is not late because it is long. What is late is a record whose time has come and that is not finished, so what
counts is the oldest of those. Per record this would cost more than it tells; a mark per polled batch, its first offset
and time, is enough: the age of the oldest unfinished record is that of its batch's first, off by one batch at most and
never too young.

What this module refuses to know: clocks, commits and Kafka. Times are milliseconds since 1970.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

#: Topic and number.
Partition = tuple[str, int]


@dataclass(frozen=True, slots=True, order=True)
class Times:
    """When a record was appended, and when it is to be worked on: at once, or after a wait by design."""

    append_ms: int
    due_ms: int


@dataclass(slots=True)
class _Reading:
    #: First offset of each batch that is not wholly finished, oldest first, with the times of its record.
    batches: deque[tuple[int, "Times"]] = field(default_factory=deque)
    next_offset: int = 0
    finished: int = 0
    end: int = 0

    def finish(self, offset: int) -> None:
        self.finished = max(self.finished, offset)
        while len(self.batches) > 1 and self.batches[1][0] <= self.finished:
            self.batches.popleft()
        if self.finished >= self.next_offset:
            self.batches.clear()


class Backlog:
    """Not thread-safe."""

    def __init__(self) -> None:
        self._readings: dict[Partition, _Reading] = {}

    def read(self, partition: Partition, offset: int, times: Times, next_offset: int) -> None:
        """A batch was handed out: its first offset, that record's times, and the offset after its last one."""
        reading = self._readings.get(partition)
        if reading is None:
            reading = self._readings[partition] = _Reading(finished=offset)
        reading.batches.append((offset, times))
        reading.next_offset = next_offset
        reading.end = max(reading.end, next_offset)

    def head(self, partition: Partition, offset: int, times: Times) -> None:
        """The first record of the oldest batch is now this one: for records that wait for times of their own, of which
        the first tells nothing once it has gone."""
        reading = self._readings.get(partition)
        if reading is not None and reading.batches:
            reading.batches[0] = (offset, times)

    def finish(self, partition: Partition, offset: int) -> None:
        """Everything below ``offset`` is finished. Of partitions that nothing was read from it is ignored."""
        if (reading := self._readings.get(partition)) is not None:
            reading.finish(offset)

    def end(self, partition: Partition, offset: int) -> None:
        """Where brokers say that the partition ends, as far as is known."""
        if (reading := self._readings.get(partition)) is not None:
            reading.end = offset

    def drop(self, partitions: Iterable[Partition]) -> None:
        """They are somebody else's now."""
        for partition in partitions:
            self._readings.pop(partition, None)

    def keep_only(self, partitions: Iterable[Partition]) -> None:
        """All others are somebody else's now."""
        self.drop(self._readings.keys() - set(partitions))

    def lags(self) -> Mapping[str, int]:
        """Records between what is finished and the end, by topic."""
        lags: dict[str, int] = {}
        for (topic, _), reading in self._readings.items():
            lags[topic] = lags.get(topic, 0) + max(0, reading.end - reading.finished)
        return lags

    def oldest(self) -> Mapping[str, Times | None]:
        """The times of the oldest record that is read and not finished, by topic; None where there is none."""
        oldest: dict[str, Times | None] = {}
        for (topic, _), reading in self._readings.items():
            here = reading.batches[0][1] if reading.batches else None
            there = oldest.get(topic)
            oldest[topic] = here if there is None else there if here is None else min(here, there)
        return oldest
