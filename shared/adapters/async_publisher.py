"""Producing from an event loop: a thread of its own takes what may block.

The loop appends and goes on; the thread drains whatever has gathered in one go, so a busy loop pays for one wake-up per
many records rather than one each.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from shared.adapters.publisher import Publisher
from shared.core.records import OutRecord


class AsyncPublisher:
    """Hands records from an event loop to a `Publisher`. The number of submissions under way is bounded by the caller,
    who frees a slot only when ``done`` is called."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._waiting: deque[tuple[Sequence[OutRecord], Callable[[], None]]] = deque()
        self._wake = threading.Event()
        self._closed = False

    def submit(self, records: Sequence[OutRecord], done: Callable[[], None]) -> None:
        """Produce ``records`` and call ``done``, from another thread, once all are acknowledged."""
        self._waiting.append((records, done))
        self._wake.set()

    def run(self) -> None:
        """The thread's body: until closed and empty."""
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._waiting:
                records, done = self._waiting.popleft()
                self._publisher.send(records).then(done)
            if self._closed:
                return

    def close(self) -> None:
        self._closed = True
        self._wake.set()
