"""Finished offsets as runs: what a partition finishes around a record that waits for minutes.

An ordered partition may finish a hundred thousand records above one that waits for its retry. As runs they cost what
their gaps cost, in memory and in the commit's metadata, however long they are.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Run = tuple[int, int]


class OffsetRuns:
    """A set of offsets. A run is its first offset and the one after its last."""

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, end in runs:
            self.add(start, end)

    def __iter__(self) -> Iterator[Run]:
        """Runs, lowest first; no two touch."""
        return zip(self._starts, self._ends, strict=True)

    def __len__(self) -> int:
        """Runs, not offsets."""
        return len(self._starts)

    def __contains__(self, offset: int) -> bool:
        before = bisect_right(self._starts, offset) - 1
        return before >= 0 and offset < self._ends[before]

    def add(self, start: int, end: int) -> None:
        """Add ``start`` up to but without ``end``; runs that it touches become one with it."""
        if start >= end:
            return
        first = bisect_left(self._ends, start)
        last = bisect_right(self._starts, end)
        if first < last:
            start = min(start, self._starts[first])
            end = max(end, self._ends[last - 1])
        self._starts[first:last] = [start]
        self._ends[first:last] = [end]

    def drop_below(self, offset: int) -> None:
        """Forget every offset below ``offset``."""
        gone = bisect_right(self._ends, offset)
        del self._starts[:gone], self._ends[:gone]
        if self._starts and self._starts[0] < offset:
            self._starts[0] = offset
