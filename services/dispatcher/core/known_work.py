"""Which pieces of work a worker has begun, and which are finished, so that none is done twice.

The same piece of work, (run id, step), may be read more than once: after a crash, a rebalance, a producer's retry. A
repetition of one that is under way shares its fate; a repetition of a finished one is finished at once, whoever
finished it. What is finished is remembered by partition, because a run stays in one partition number, and as long as
`shared.core.recent_ids` says.
"""

from typing import Generic, TypeVar

from shared.core.recent_ids import RecentIds

T = TypeVar("T")
#: Run id and step.
_Work = tuple[str, int]


class KnownWork(Generic[T]):
    """``T`` is what a record is given back by when it is finished. Not thread-safe, but for asking."""

    def __init__(self) -> None:
        self._under_way: dict[_Work, list[T]] = {}
        self._finished: dict[int, RecentIds] = {}

    def begin(self, work: _Work, ticket: T) -> None:
        """Work is under way from now on."""
        self._under_way[work] = [ticket]

    def join(self, work: _Work, ticket: T) -> bool:
        """Whether it is under way; ``ticket`` is then given back with it."""
        sharing = self._under_way.get(work)
        if sharing is None:
            return False
        sharing.append(ticket)
        return True

    def end(self, work: _Work) -> list[T]:
        """It is under way no more: the tickets of all its copies."""
        return self._under_way.pop(work)

    def is_finished(self, partition: int, work: _Work) -> bool:
        """As far as is remembered."""
        finished = self._finished.get(partition)
        return finished is not None and work in finished

    def remember(self, partition: int, work: _Work, now_ms: int) -> None:
        """Work was finished, here or elsewhere."""
        self._finished.setdefault(partition, RecentIds()).add(work, now_ms)
