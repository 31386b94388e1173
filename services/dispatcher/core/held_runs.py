"""The runs that wait in memory at their gates: how many, and at which gates to look for one that may begin.

A gate knows the runs that it holds (`services.dispatcher.core.gate`); a worker bounds their sum and looks only where
there are any.
"""

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from services.dispatcher.core.gate import Gate

T = TypeVar("T")


class HeldRuns(Generic[T]):
    """``count`` may be too high by those of gates that were emptied since the last `recount`. Not thread-safe."""

    def __init__(self) -> None:
        self.count = 0
        self._at: dict[Gate[T], None] = {}

    def __bool__(self) -> bool:
        return bool(self._at)

    def gates(self) -> list[Gate[T]]:
        """Where runs are held, and perhaps some where no run is any more."""
        return list(self._at)

    def add(self, gate: Gate[T], run: T, now_ms: int) -> None:
        """``run`` was told to wait a moment."""
        gate.hold(run, now_ms)
        self._at[gate] = None
        self.count += 1

    def drop(self, is_lost: Callable[[T], bool]) -> None:
        """Forget runs."""
        for gate in self._at:
            gate.held = deque(each for each in gate.held if not is_lost(each[1]))
        self.recount()

    def recount(self) -> None:
        """Know again exactly."""
        self._at = {gate: None for gate in self._at if gate.held}
        self.count = sum(len(gate.held) for gate in self._at)
