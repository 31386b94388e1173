"""Whether a run may begin now, waits a moment in memory, or is deferred to a retry tier: one gate per integration.

All runs of an integration meet on one worker (they share a partition), so what one gate allows is what the fleet
allows. Three bounds apply: the window of what the receiver can take (`services.dispatcher.core.window`) and the
integration's own ``concurrency``, its rate limit, and its share of the worker.

**Share.** An integration may hold as many of the worker's slots as are free, so the more of them are taken, the fewer
each may have: one that takes all it can get leaves half, n of them leave one part in n + 1 (dynamic thresholds,
Choudhury and Hahne 1998). Receivers that have not answered the last time, new ones included, get together at most
half the slots: however many hang, the others have the rest.

**Wait.** Where the worker is what is short, not the receiver, putting a run off would help nobody: it waits in
memory, and when memory is full the worker reads no further. A run whose turn comes within `HOLD_MS` waits in memory,
which paces better than any topic could. What must wait longer is deferred for as long as those before it will take,
counted in runs: so many runs wait, so long each takes. A deferred run therefore comes back once, when its turn has
come, however many there are. Those that come back go before those that arrive. Where the wait is the receiver's doing
nobody knows how long that lasts, so it is cut to what keeps the cost of looking again at `_LOOKS_PER_SECOND`, and a
receiver that recovers is not left waiting for its backlog.

What this module refuses to know: topics, records and clocks. Times are milliseconds.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

from services.dispatcher.core.window import Sign, Window
from shared.core.retry_tiers import nearest_tier_ms
from shared.core.token_bucket import TokenBucket

#: The longest wait in memory: the shortest retry tier.
HOLD_MS: Final = 1_000
#: A run that was told to wait a moment and waited this long is deferred after all.
_PATIENCE_MS: Final = 2 * HOLD_MS
#: Deferred runs of one troubled receiver that come back to look, per second, roughly; each costs two records.
_LOOKS_PER_SECOND: Final = 30.0
#: The least time between two looks of one such run.
_LOOK_AGAIN_MS: Final = 15_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """What an integration sets: runs per second with a burst, requests at once; null where it sets nothing."""

    per_second: float | None = None
    burst: int = 1
    concurrency: int | None = None


@dataclass(frozen=True, slots=True)
class Room:
    """What the worker has: slots for runs under way, free ones of all, and places for runs that wait in memory."""

    free: int
    slots: int
    places: int


@dataclass(frozen=True, slots=True)
class Begin:
    """Now."""


@dataclass(frozen=True, slots=True)
class Hold:
    """In a moment: keep it in memory."""


@dataclass(frozen=True, slots=True)
class Defer:
    """Not before ``wait_ms`` from now. ``by_receiver``: because of what it can take, and not of a limit of ours."""

    wait_ms: int
    by_receiver: bool


Answer = Begin | Hold | Defer
_BEGIN: Final = Begin()
_HOLD: Final = Hold()


@dataclass(slots=True)
class Passage:
    """A run that has begun: it takes a place in its integration's window, if it has one, until it ends."""

    window: Window | None
    started_ms: int

    def end(self, sign: Sign, now_ms: int) -> None:
        """Whatever came of it. Only the first call counts."""
        if self.window is not None:
            self.window.end(sign, self.started_ms, now_ms)
            self.window = None


@dataclass(slots=True, eq=False)
class Gate(Generic[T]):
    """The gate of one integration. ``held`` are runs that wait in memory, oldest first, with the time since when;
    ``deferred`` counts those that are away and expected back."""

    window: Window = field(default_factory=Window)
    held: deque[tuple[int, T]] = field(default_factory=deque)
    deferred: int = 0
    _bucket: TokenBucket | None = None

    def ask(self, limits: Limits, room: Room, *, came_back: bool, now_ms: int) -> Answer:
        """Where one more run goes. ``came_back``: it was deferred before. A `Begin` is to be followed by `begin`."""
        if came_back and self.deferred:
            self.deferred -= 1
        self._fit(limits, now_ms)
        may_pass = came_back or not self.deferred or self._has_all_tokens(now_ms)
        if may_pass and not self.held and self._is_open(limits, room, now_ms):
            return _BEGIN
        if may_pass and not self._is_at_fault(limits, now_ms):
            return _HOLD
        ahead = len(self.held) + 1
        rate_ms, window_ms = self._waits_ms(ahead if came_back else ahead + self.deferred, now_ms)
        if max(rate_ms, window_ms) <= HOLD_MS and len(self.held) < room.places:
            return _HOLD
        return self._deferral(now_ms)

    def next_held(self, limits: Limits | None, room: Room, now_ms: int) -> tuple[T, Begin | Defer] | None:
        """The oldest run that waits in memory and what becomes of it, if that changes now. No ``limits``: nothing will
        be sent any more, and nothing need wait."""
        if not self.held:
            return None
        if limits is not None:
            self._fit(limits, now_ms)
        since_ms, run = self.held[0]
        answer: Begin | Defer
        if limits is None or self._is_open(limits, room, now_ms):
            answer = _BEGIN
        elif now_ms - since_ms > _PATIENCE_MS and self._is_at_fault(limits, now_ms):
            answer = self._deferral(now_ms)
        else:
            return None
        self.held.popleft()
        return run, answer

    def hold(self, run: T, now_ms: int) -> None:
        """Keep a run that was told to wait a moment."""
        self.held.append((now_ms, run))

    def begin(self, now_ms: int) -> "Passage":
        """A run begins."""
        self.window.begin(now_ms)
        if self._bucket is not None:
            self._bucket.take()
        return Passage(self.window, now_ms)

    def wait_ms(self, limits: Limits, room: Room, now_ms: int) -> float:
        """Until a run may begin, as far as is known; 0 for now. For runs that can only wait in their place."""
        self._fit(limits, now_ms)
        if self._is_open(limits, room, now_ms):
            return 0.0
        return max(1.0, *self._waits_ms(1, now_ms))

    @property
    def is_idle(self) -> bool:
        """Nothing is under way, waits or is expected back."""
        return not (self.window.in_flight or self.held or self.deferred)

    def _is_at_fault(self, limits: Limits, now_ms: int) -> bool:
        """Whether it is the integration's receiver or limits that a run waits for, and not the worker."""
        window = self.window
        is_full = window.in_flight >= min(window.limit, limits.concurrency or window.limit)
        return is_full or not window.proven or (self._bucket is not None and self._bucket.wait_ms(now_ms) > 0)

    def _is_open(self, limits: Limits, room: Room, now_ms: int) -> bool:
        share = room.free if self.window.proven else room.free - room.slots // 2
        most = min(self.window.limit, share, limits.concurrency or share)
        return self.window.in_flight < most and (self._bucket is None or self._bucket.wait_ms(now_ms) == 0)

    def _waits_ms(self, turn: int, now_ms: int) -> tuple[float, float]:
        """Until the ``turn``-th run from now may begin: by the rate limit, and by the window."""
        rate_ms = 0.0
        if self._bucket is not None:
            rate_ms = max(0.0, turn - self._bucket.tokens) * 1000 / self._bucket.per_second
        return rate_ms, turn * self.window.pace_ms(now_ms)

    def _deferral(self, now_ms: int) -> Defer:
        rate_ms, window_ms = self._waits_ms(len(self.held) + self.deferred + 1, now_ms)
        self.deferred += 1
        if rate_ms >= window_ms:
            return Defer(max(HOLD_MS, round(rate_ms)), by_receiver=False)
        look_ms = max(_LOOK_AGAIN_MS, self.deferred * 1000 / _LOOKS_PER_SECOND)
        return Defer(nearest_tier_ms(min(window_ms, look_ms)), by_receiver=True)

    def _has_all_tokens(self, now_ms: int) -> bool:
        """Whether a rate limit is so little used that nobody can be waiting for it; true without one."""
        bucket = self._bucket
        return bucket is None or (bucket.wait_ms(now_ms) == 0 and bucket.tokens >= bucket.burst)

    def _fit(self, limits: Limits, now_ms: int) -> None:
        """The limits of now: configuration may have changed since the last run."""
        if limits.per_second is None:
            self._bucket = None
        elif self._bucket is None:
            self._bucket = TokenBucket(limits.per_second, limits.burst, now_ms)
        else:
            self._bucket.per_second, self._bucket.burst = limits.per_second, limits.burst
