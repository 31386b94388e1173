"""The gates of a worker, by partition: a partition that comes anew begins with new ones.

What another worker let through meanwhile is not known here, so nothing that was saved up before may be spent again. A
gate that nobody needs is dropped when there are many: one made anew is stricter, never laxer.
"""

from collections.abc import Iterator
from math import ceil
from typing import Final, Generic, TypeVar

from services.dispatcher.core.gate import Gate, Limits, Passage, Room
from services.dispatcher.core.window import Window

#: Gates of one partition, beyond which idle ones are dropped: some 500 bytes each.
MOST_GATES: Final = 10_000

T = TypeVar("T")
#: Organization and integration.
Name = tuple[str, str]


class Gates(Generic[T]):
    """Not thread-safe."""

    def __init__(self) -> None:
        self._gates: dict[int, dict[Name, Gate[T]]] = {}

    def of(self, partition: int, name: Name) -> Gate[T]:
        """The integration's gate, made when it is first asked for."""
        gates = self._gates.setdefault(partition, {})
        gate = gates.get(name)
        if gate is None:
            if len(gates) >= MOST_GATES:
                self._gates[partition] = gates = {key: each for key, each in gates.items() if not each.is_idle}
            gate = gates[name] = Gate()
        return gate

    def pass_in_place(
        self, partition: int, name: Name, limits: Limits | None, room: Room, now_ms: int
    ) -> Passage | int:
        """For a run that can only wait where it is: its passage, or how many milliseconds to wait, as far as is known.
        No ``limits``: nothing will be sent."""
        if limits is None:
            return Passage(None, now_ms)
        gate = self.of(partition, name)
        wait_ms = gate.wait_ms(limits, room, now_ms)
        return ceil(wait_ms) if wait_ms else gate.begin(now_ms)

    def windows(self) -> Iterator[Window]:
        """Every window there is now. For looking only: another thread may be at work on them."""
        for gates in list(self._gates.values()):
            for gate in list(gates.values()):
                yield gate.window

    def begin_anew(self, partition: int) -> None:
        """The partition was taken over."""
        self._gates.pop(partition, None)
