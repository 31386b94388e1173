"""Which delivery request is begun next: due retries and first attempts take turns by weight.

A due retry never waits behind an hour of backlog, and however many retries are due, first attempts get every fourth
turn. Each lane is short (`LANE_ROOM`); what does not fit stays on the broker.
"""

from collections import deque
from typing import Generic, TypeVar

#: Requests read ahead per lane: enough to keep a worker busy for some hundred milliseconds.
LANE_ROOM = 1_000
#: Of so many turns, one goes to a first attempt even if retries are due.
TURNS = 4

T = TypeVar("T")


class Lanes(Generic[T]):
    """Two bounded queues. Not thread-safe."""

    def __init__(self) -> None:
        self.first: deque[T] = deque()
        self.due: deque[T] = deque()
        self._turn = 0

    def take_several(self, most: int) -> list[T]:
        """The next requests in their turn, ``most`` at most."""
        taken: list[T] = []
        while len(taken) < most and (one := self.take()) is not None:
            taken.append(one)
        return taken

    def take(self) -> T | None:
        """The next request, or None when both lanes are empty."""
        self._turn = (self._turn + 1) % TURNS
        preferred, other = (self.first, self.due) if self._turn == 0 else (self.due, self.first)
        if preferred:
            return preferred.popleft()
        return other.popleft() if other else None
