"""Producing from an event loop: a thread of its own takes what may block.

The loop appends and goes on; the thread takes whatever has gathered as one, so a busy loop pays for one wake-up and one
acknowledgement per many records rather than one each, and nobody waits for company.
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
                self._send_gathered()
            if self._closed:
                return

    def _send_gathered(self) -> None:
        gathered = [self._waiting.popleft() for _ in range(len(self._waiting))]
        dones = [done for _, done in gathered]

        def all_done() -> None:
            for done in dones:
                done()

        self._publisher.send([record for records, _ in gathered for record in records]).then(all_done)

    def close(self) -> None:
        self._closed = True
        self._wake.set()
