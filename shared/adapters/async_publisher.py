"""Producing from an event loop: a thread of its own takes what may block.

The loop appends and goes on; the thread takes whatever has gathered as one, so a busy loop pays for one wake-up and one
acknowledgement per many records rather than one each.

What comes soon after a hand-over waits for company. A request to a broker and a batch in it cost several times what a
record costs, on both sides, so few large hand-overs are much cheaper than many small ones (docs/performance.md). Who
comes alone waits for nobody; in a crowd nobody waits longer than ``gather_seconds``, which the caller chooses by who it
is that waits.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from math import inf

from shared.adapters.publisher import Publisher
from shared.core.records import OutRecord

#: Submissions that are company enough.
_ENOUGH = 250


class AsyncPublisher:
    """Hands records from an event loop to a `Publisher`. The number of submissions under way is bounded by the caller,
    who frees a slot only when ``done`` is called."""

    def __init__(self, publisher: Publisher, gather_seconds: float = 0.0) -> None:
        """Hand-overs are ``gather_seconds`` apart, unless enough waits."""
        self._publisher = publisher
        self._gather_seconds = gather_seconds
        self._waiting: deque[tuple[Sequence[OutRecord], Callable[[], None]]] = deque()
        self._wake = threading.Event()
        self._enough = threading.Event()
        self._closed = False
        #: When, in monotonic seconds; never yet.
        self._handed_over = -inf

    def submit(self, records: Sequence[OutRecord], done: Callable[[], None]) -> None:
        """Produce ``records`` and call ``done``, from another thread, once all are acknowledged."""
        self._waiting.append((records, done))
        # Whoever makes it more than nothing, or enough, wakes the thread; it goes to sleep only when all has gone.
        waiting = len(self._waiting)
        if waiting == 1:
            self._wake.set()
        elif waiting == _ENOUGH:
            self._enough.set()

    def run(self) -> None:
        """The thread's body: until closed and empty."""
        while True:
            self._wake.wait()
            self._wake.clear()
            while self._waiting:
                self._wait_for_company()
                self._send_gathered()
            if self._closed:
                return

    def _wait_for_company(self) -> None:
        left = self._handed_over + self._gather_seconds - time.monotonic()
        if left > 0 and len(self._waiting) < _ENOUGH and not self._closed:
            self._enough.wait(left)
        self._enough.clear()
        self._handed_over = time.monotonic()

    def _send_gathered(self) -> None:
        gathered = [self._waiting.popleft() for _ in range(len(self._waiting))]
        dones = [done for _, done in gathered]

        def all_done() -> None:
            for done in dones:
                done()

        self._publisher.send([record for records, _ in gathered for record in records]).then(all_done)

    def close(self) -> None:
        self._closed = True
        self._enough.set()
        self._wake.set()
