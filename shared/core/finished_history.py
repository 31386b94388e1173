"""What a worker that is new to a partition must learn of it: which records its predecessors finished.

Whoever produces may die before it commits, and then produces the same piece of work once more. Who finished the first
copy skips the second; if the partition changes hands in between, the newcomer has to know of the first, so it reads
back. What is finished stands in the commit: every offset below the committed one, and those its metadata name.

The way back is bounded by `MAX_RECORDS` and by `MAX_AGE_MS`, whichever is less, and goes newest window first, so that
one which is cut off misses the oldest records, whose copies are the least likely to be still ahead. Age counts from the
newest record there, not from now: a copy stands near its original however long both have waited on the broker.

What this module refuses to know: Kafka, clocks, and what a piece of work is called.
"""

from dataclasses import dataclass, field
from typing import Self

from shared.core.offset_tracking import decode_finished
from shared.core.recent_ids import MAX_AGE_MS

#: Records looked at in one partition: twenty times what a worker that dies leaves uncommitted (500 records).
MAX_RECORDS = 10_000
#: Records read forward at a time, a fifth of the whole; the age is looked at after each.
WINDOW_RECORDS = 2_000


@dataclass(frozen=True, slots=True)
class Progress:
    """What is finished in a partition: all offsets below ``lowest_unfinished``, and those in ``above``."""

    lowest_unfinished: int
    above: frozenset[int] = frozenset()

    @classmethod
    def of_commit(cls, offset: int, metadata: str) -> Self:
        """As a committed offset and its metadata say it."""
        return cls(offset, decode_finished(offset, metadata))

    def __contains__(self, offset: int) -> bool:
        return offset < self.lowest_unfinished or offset in self.above


#: Of a partition that one never had.
NOTHING = Progress(0)


def unknown(committed: Progress, known: Progress) -> range:
    """The offsets among which ``committed`` has finished ones that ``known`` has not.

    ``known`` is what one knew oneself when the partition left; where nobody else has committed since, the range is
    empty, so a rebalance that moves nothing costs nothing.
    """
    news = (offset for offset in committed.above if offset not in known)
    end = max(news, default=committed.lowest_unfinished - 1) + 1
    return range(max(known.lowest_unfinished, end - MAX_RECORDS), end)


@dataclass(slots=True)
class WayBack:
    """The reading of one partition's ``span``, window by window, newest window first."""

    committed: Progress
    known: Progress
    span: range
    window: range = field(init=False)
    _newest_ms: int = field(init=False, default=0)
    _oldest_ms: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        self.window = self._window_before(self.span.stop)

    def counts(self, offset: int, timestamp_ms: int) -> bool:
        """Whether the record read at ``offset`` is finished and news."""
        if offset not in self.window:
            return False
        self._newest_ms = max(self._newest_ms, timestamp_ms)
        self._oldest_ms = min(self._oldest_ms or timestamp_ms, timestamp_ms)
        return offset in self.committed and offset not in self.known

    def step_back(self) -> bool:
        """Go on to the window before this one; False when the way ends here."""
        if self._newest_ms - self._oldest_ms > MAX_AGE_MS or self.window.start == self.span.start:
            return False
        self.window = self._window_before(self.window.start)
        return True

    def _window_before(self, stop: int) -> range:
        return range(max(self.span.start, stop - WINDOW_RECORDS), stop)
