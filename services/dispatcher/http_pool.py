"""Idle connections, kept for the next request to the same origin: taking, giving back and closing are O(1).

The one used last is taken first, so that what a burst left over grows old and closes. All of them stand in one queue
by the time they became idle, whose head is both the next to expire and the one to go when there are too many.
"""

import asyncio
from collections import OrderedDict

from services.dispatcher.http_connection import Connection
from services.dispatcher.http_request import Origin

#: Seconds an idle connection is kept. Below the 60 s and more of common servers and balancers, so that mostly we are
#: the ones to close; servers that keep theirs for less (Node.js: 5 s) are why a stale connection is no failure.
KEEPALIVE_SECONDS = 15.0


class Pool:
    """Make and use it on one event loop."""

    def __init__(self, max_idle: int, keepalive_seconds: float = KEEPALIVE_SECONDS) -> None:
        """``max_idle`` bounds idle connections over all origins."""
        self._max_idle = max_idle
        self._keepalive_seconds = keepalive_seconds
        self._loop = asyncio.get_running_loop()
        self._of_origin: dict[Origin, dict[Connection, None]] = {}
        self._idle_since: OrderedDict[Connection, float] = OrderedDict()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._idle_since)

    def take(self, origin: Origin) -> Connection | None:
        """An idle connection, no longer kept here."""
        idle = self._of_origin.get(origin)
        if idle is None:
            return None
        connection, _ = idle.popitem()
        if not idle:
            del self._of_origin[origin]
        del self._idle_since[connection]
        return connection

    def put(self, connection: Connection) -> None:
        """Keep a connection that has nothing under way, if it can be used again."""
        if not connection.is_usable:
            return
        self._of_origin.setdefault(connection.origin, {})[connection] = None
        self._idle_since[connection] = self._loop.time()
        if len(self._idle_since) > self._max_idle:
            self._close_oldest()
        if self._timer is None:
            self._timer = self._loop.call_later(self._keepalive_seconds, self._expire)

    def forget(self, connection: Connection) -> None:
        """It has ended; it may be one that is not here."""
        if self._idle_since.pop(connection, None) is None:
            return
        idle = self._of_origin[connection.origin]
        del idle[connection]
        if not idle:
            del self._of_origin[connection.origin]

    def close(self) -> None:
        """Close all that is idle."""
        while self._idle_since:
            self._close_oldest()
        if self._timer is not None:
            self._timer.cancel()

    def _close_oldest(self) -> None:
        oldest = next(iter(self._idle_since))
        self.forget(oldest)
        oldest.abort()

    def _expire(self) -> None:
        self._timer = None
        while self._idle_since:
            due = next(iter(self._idle_since.values())) + self._keepalive_seconds
            if due > self._loop.time():
                self._timer = self._loop.call_at(due, self._expire)
                return
            self._close_oldest()
