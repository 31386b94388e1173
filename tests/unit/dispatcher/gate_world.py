"""A world for one gate: arrivals, retry tiers and a receiver, all in simulated time.

It does with a run what the send stage does with it, and counts what that costs: runs that go to one tier together go
as bundles (`shared.core.messages.delivery_bundle`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count
from math import ceil

from services.dispatcher.core.gate import Begin, Defer, Gate, Hold, Limits, Passage, Room
from services.dispatcher.core.window import Sign
from shared.core.messages.delivery_bundle import MAX_BUNDLE_RUNS
from shared.core.retry_tiers import Due, next_hop
from shared.core.topics import RETRY_TIER_DELAYS_MS

#: As in the send stage.
LOOK_MS = 20
GATHER_MS = 50
SLOTS = 500
PLACES = 1_000


@dataclass
class Run:
    """One run: when it arrived, how often it was put off and how long that was its receiver's doing."""

    arrived_ms: int
    deferrals: int = 0
    waited_ms: int = 0


@dataclass
class World:
    """``answer`` says of an attempt that begins at a time how long it takes and what it shows."""

    limits: Limits
    answer: Callable[[int], tuple[int, Sign]]
    gate: Gate[Run] = field(default_factory=Gate)
    now_ms: int = 0
    begun: list[int] = field(default_factory=list)
    ended: list[Run] = field(default_factory=list)
    most_in_flight: int = 0
    most_held: int = 0
    #: Runs that were sent on, by what gathers them and by tier; no tier for those that are due.
    _sent_on: Counter[tuple[int, str | None]] = field(default_factory=Counter)
    _events: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _order: count[int] = field(default_factory=count)
    _looks: bool = False

    def at(self, time_ms: int, what: Callable[[], None]) -> None:
        heappush(self._events, (time_ms, next(self._order), what))

    def arrive(self, time_ms: int) -> None:
        """A run arrives at a time."""
        self.at(time_ms, lambda: self._take(Run(time_ms)))

    def run(self, until_ms: int) -> None:
        """Let time pass."""
        while self._events and self._events[0][0] <= until_ms:
            self.now_ms, _, what = heappop(self._events)
            what()
        self.now_ms = until_ms

    @property
    def records(self) -> Counter[int]:
        """Records that deferrals cost, by second: the deferral itself, each further hop, and the way back."""
        records: Counter[int] = Counter()
        for (gathered, tier), runs in self._sent_on.items():
            records[gathered * GATHER_MS // 1000] += runs if tier is None else ceil(runs / MAX_BUNDLE_RUNS)
        return records

    def _room(self) -> Room:
        return Room(SLOTS - self.gate.window.in_flight, SLOTS, PLACES - len(self.gate.held))

    def _take(self, run: Run) -> None:
        answer = self.gate.ask(self.limits, self._room(), came_back=run.deferrals > 0, now_ms=self.now_ms)
        match answer:
            case Begin():
                self._attempt(run)
            case Hold():
                self.gate.hold(run, self.now_ms)
                self.most_held = max(self.most_held, len(self.gate.held))
                if not self._looks:
                    self._looks = True
                    self.at(self.now_ms + LOOK_MS, self._look)
            case Defer():
                self._put_off(run, answer)

    def _look(self) -> None:
        self._begin_held()
        self._looks = bool(self.gate.held)
        if self._looks:
            self.at(self.now_ms + LOOK_MS, self._look)

    def _begin_held(self) -> None:
        while (following := self.gate.next_held(self.limits, self._room(), self.now_ms)) is not None:
            run, answer = following
            if isinstance(answer, Defer):
                self._put_off(run, answer)
            else:
                self._attempt(run)

    def _attempt(self, run: Run) -> None:
        passage = self.gate.begin(self.now_ms)
        self.begun.append(self.now_ms)
        self.most_in_flight = max(self.most_in_flight, self.gate.window.in_flight)
        takes_ms, sign = self.answer(self.now_ms)
        self.at(self.now_ms + takes_ms, lambda: self._end(run, passage, sign))

    def _end(self, run: Run, passage: Passage, sign: Sign) -> None:
        passage.end(sign, self.now_ms)
        self.ended.append(run)
        self._begin_held()

    def _put_off(self, run: Run, defer: Defer) -> None:
        run.deferrals += 1
        run.waited_ms += defer.wait_ms if defer.by_receiver else 0
        self._hop(run, self.now_ms + defer.wait_ms)

    def _hop(self, run: Run, due_ms: int) -> None:
        hop = next_hop(due_ms - self.now_ms)
        self._sent_on[self.now_ms // GATHER_MS, None if isinstance(hop, Due) else hop.tier] += 1
        if isinstance(hop, Due):
            self._take(run)
        else:
            self.at(self.now_ms + RETRY_TIER_DELAYS_MS[hop.tier], lambda: self._hop(run, due_ms))
