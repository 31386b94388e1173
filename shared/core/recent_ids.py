"""Which pieces of work a partition has finished lately, so that a repeated record is skipped.

Memory is bounded by count and by age, whichever is smaller: 100,000 ids or 15 minutes, the span in which a crash, a
rebalance or a producer's retry repeats a record. What is older is repeated rather than remembered for ever, and the
first terminal outcome of a run still decides. "Finished" never becomes untrue, so ids outlive a rebalance.
"""

from dataclasses import dataclass, field

MAX_IDS = 100_000
MAX_AGE_MS = 15 * 60 * 1000


@dataclass(slots=True)
class RecentIds:
    """Ids of one partition number, oldest first. Not thread-safe."""

    max_ids: int = MAX_IDS
    max_age_ms: int = MAX_AGE_MS
    _finished_ms: dict[tuple[str, int], int] = field(init=False, default_factory=dict)

    def __contains__(self, work: tuple[str, int]) -> bool:
        return work in self._finished_ms

    def __len__(self) -> int:
        return len(self._finished_ms)

    def add(self, work: tuple[str, int], now_ms: int) -> None:
        """Remember (run id, step) as finished and forget what is too old or too much."""
        # Out and in again, so that the order stays that of the times.
        self._finished_ms.pop(work, None)
        self._finished_ms[work] = now_ms
        while self._finished_ms:
            oldest, finished_ms = next(iter(self._finished_ms.items()))
            if len(self._finished_ms) <= self.max_ids and now_ms - finished_ms <= self.max_age_ms:
                break
            del self._finished_ms[oldest]
