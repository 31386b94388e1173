"""How many requests a receiver may have at once: what it has shown that it can take.

One number is concurrency limit, circuit and half-open probe in one. It begins at `INITIAL`, grows by one with each
answer until the first trouble and by one per round after that, and is halved by trouble: once per round, for requests
that were under way together have one cause. It never falls below one, so that a receiver which is down is asked by one
request at a time, and the first answer lets the window grow again. It grows only while it is used, or a receiver that
is called once a minute would be granted hundreds.

What this module refuses to know: why an attempt failed. `sign_of` in `services.dispatcher.core.classification` says
which failures are trouble. Times are milliseconds.
"""

from dataclasses import dataclass
from enum import Enum
from math import inf

#: Requests to a receiver that is not known yet: the initial window of TCP (RFC 6928).
INITIAL = 10.0
#: Weight of the newest attempt in the mean duration.
_NEWEST = 0.2


class Sign(Enum):
    """What an attempt says about its receiver: it answered, it cannot keep up or cannot be reached, or nothing."""

    ANSWERED = "answered"
    TROUBLED = "troubled"
    NOT_ASKED = "not asked"


class WindowState(Enum):
    """Takes more requests, takes no more now, or did not answer the last time."""

    OPEN = "open"
    FULL = "full"
    TROUBLED = "troubled"


@dataclass(slots=True)
class Window:
    """The window of one integration. ``proven``: the receiver answered the last time."""

    limit: float = INITIAL
    in_flight: int = 0
    proven: bool = False
    _mean_ms: float = 0.0
    _quiet_since_ms: int = 0
    _threshold: float = inf
    _shrunk_ms: int = -1

    @property
    def state(self) -> WindowState:
        """What to call it when windows are counted."""
        if not self.proven and self._shrunk_ms >= 0:
            return WindowState.TROUBLED
        return WindowState.FULL if self.in_flight >= self.limit else WindowState.OPEN

    def begin(self, now_ms: int) -> None:
        """A request begins."""
        if self.in_flight == 0:
            self._quiet_since_ms = now_ms
        self.in_flight += 1

    def end(self, sign: Sign, started_ms: int, now_ms: int) -> None:
        """A request that began at ``started_ms`` has ended."""
        was_used = self.in_flight >= self.limit / 2
        self.in_flight -= 1
        self._quiet_since_ms = now_ms
        if sign is Sign.NOT_ASKED:
            return
        self._mean_ms += (now_ms - started_ms - self._mean_ms) * (_NEWEST if self._mean_ms else 1.0)
        self.proven = sign is Sign.ANSWERED
        if self.proven and was_used:
            self.limit += 1.0 if self.limit < self._threshold else 1.0 / self.limit
        elif not self.proven and started_ms > self._shrunk_ms:
            self.limit = self._threshold = max(1.0, self.limit / 2)
            self._shrunk_ms = now_ms

    def pace_ms(self, now_ms: int) -> float:
        """Milliseconds between two ends, as far as is known: by Little's law, duration / limit. While none ends, the
        time since the last one counts, or a receiver that hangs would pass for a fast one until its first timeout."""
        silence_ms = now_ms - self._quiet_since_ms if self.in_flight else 0
        return max(self._mean_ms, silence_ms) / self.limit
