"""Producing: many records at once, bounded in bytes, acknowledged in groups.

Nobody waits for one record. A caller hands over everything that one piece of work led to and is told once, when all
of it is acknowledged by every replica; only then may it commit what it read. kafka-python's producer buffers without
a bound, so the bound stands here: ``send`` blocks the calling thread while too many bytes wait, which slows reading,
which shows as lag. Since it may block it must never be called on an event loop; `shared.adapters.async_publisher` is
for that.

A record that a broker refuses for good takes the process down: its work is not committed and comes back.
"""

import threading
from collections.abc import Callable, Sequence

from kafka import KafkaProducer

from shared.core.faults import InfrastructureError
from shared.core.records import OutRecord

#: Bytes that may wait for acknowledgement in one process.
MAX_BUFFERED_BYTES = 64 * 1024 * 1024


class PublishFailed(InfrastructureError):
    """A broker did not take a record within kafka-python's delivery timeout (two minutes) or refused it."""


class Acknowledgement:
    """Outcome of one ``send``: waits in a thread, or calls back from the producer's I/O thread."""

    def __init__(self, outstanding: int) -> None:
        self._outstanding = outstanding
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._callback: Callable[[], None] | None = None
        self._error: BaseException | None = None
        if outstanding == 0:
            self._done.set()

    def wait(self) -> None:
        """Block until every record is acknowledged. Raises PublishFailed."""
        self._done.wait()
        if self._error is not None:
            raise PublishFailed(str(self._error)) from self._error

    def then(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` once, when every record is acknowledged; never after a failure."""
        with self._lock:
            if not self._done.is_set():
                self._callback = callback
                return
        if self._error is None:
            callback()

    def acknowledged(self) -> None:
        with self._lock:
            self._outstanding -= 1
            if self._outstanding > 0 or self._error is not None:
                return
            self._done.set()
            callback = self._callback
        if callback is not None:
            callback()

    def failed(self, error: BaseException) -> None:
        with self._lock:
            self._error = error
            self._done.set()


class Publisher:
    """The process's one producer of ordinary records. Thread-safe."""

    def __init__(self, client: KafkaProducer, on_failure: Callable[[BaseException], None]) -> None:
        """``on_failure`` is told of records that were refused for good; the process must end."""
        self._client = client
        self._on_failure = on_failure
        self._room = threading.Condition()
        self._buffered = 0

    def send(self, records: Sequence[OutRecord]) -> Acknowledgement:
        """Produce ``records``; blocks while ``MAX_BUFFERED_BYTES`` are waiting."""
        acknowledgement = Acknowledgement(len(records))
        for record in records:
            size = record.size
            with self._room:
                self._room.wait_for(lambda: self._buffered < MAX_BUFFERED_BYTES)
                self._buffered += size
            future = self._client.send(record.topic, value=record.value, key=record.key, headers=record.headers)
            future.add_callback(self._sent, size, acknowledgement)
            future.add_errback(self._refused, size, acknowledgement)
        return acknowledgement

    def _sent(self, size: int, acknowledgement: Acknowledgement, _: object) -> None:
        self._leave(size)
        acknowledgement.acknowledged()

    def _refused(self, size: int, acknowledgement: Acknowledgement, error: BaseException) -> None:
        self._leave(size)
        acknowledgement.failed(error)
        self._on_failure(error)

    def _leave(self, size: int) -> None:
        with self._room:
            self._buffered -= size
            self._room.notify()

    def close(self) -> None:
        """Flush what is buffered, five seconds at most."""
        self._client.close(timeout=5)
