"""Producing: many records at once, bounded in bytes, acknowledged in groups.

Nobody waits for one record. A caller hands over everything that one piece of work led to and is told once, when all
of it is acknowledged by every replica; only then may it commit what it read. kafka-python's producer buffers without
a bound, so the bound stands here: ``send`` blocks the calling thread while too many bytes wait, which slows reading,
which shows as lag. Since it may block it must never be called on an event loop; `shared.adapters.async_publisher` is
for that.

A record that a broker refuses for good takes the process down: its work is not committed and comes back.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence

from shared.adapters.batch_producer import BatchProducer, refusal_of
from shared.core.faults import InfrastructureError
from shared.core.records import OutRecord

#: Bytes that may wait for acknowledgement in one process.
MAX_BUFFERED_BYTES = 64 * 1024 * 1024
#: Bytes that take room together and leave it together: room is a lock that the sending thread and the producer's own
#: want at once, and taking it for every record cost more than the record's own bytes.
PART_BYTES = 1024 * 1024


class PublishFailed(InfrastructureError):
    """A broker did not take a record within kafka-python's delivery timeout (two minutes) or refused it."""


class Acknowledgement:
    """Outcome of one ``send``: waits in a thread, or calls back from the producer's I/O thread."""

    def __init__(self, outstanding: int) -> None:
        """``outstanding``: the number of parts that it went in."""
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

    def __init__(self, client: BatchProducer, on_failure: Callable[[BaseException], None]) -> None:
        """``on_failure`` is told of records that were refused for good; the process must end."""
        self._client = client
        self._on_failure = on_failure
        self._room = threading.Condition()
        self._buffered = 0

    def prepare(self, topics: Iterable[str]) -> None:
        """Learn where the partitions of ``topics`` are; blocks meanwhile.

        The producer would ask when the first record of a topic comes, and cannot while another request is under way to
        the only broker: then it backs off, and nothing that was sent until then is acknowledged for a second or two.
        Raises kafka-python's errors when nobody answers for a minute.
        """
        for topic in topics:
            self._client.partitions_for(topic)

    def send(self, records: Sequence[OutRecord]) -> Acknowledgement:
        """Produce ``records``; blocks while ``MAX_BUFFERED_BYTES`` are waiting."""
        parts = list(_parts(records))
        acknowledgement = Acknowledgement(len(parts))
        for part, size in parts:
            self._enter(size)
            self._send_part(part, size, acknowledgement)
        return acknowledgement

    def _send_part(self, records: Sequence[OutRecord], size: int, acknowledgement: Acknowledgement) -> None:
        def sent() -> None:
            self._leave(size)
            acknowledgement.acknowledged()

        def refused(error: BaseException) -> None:
            self._leave(size)
            acknowledgement.failed(error)
            self._on_failure(error)

        futures = self._client.append(records)
        countdown = _Countdown(len(futures), sent, refused)
        for future in futures:
            future.add_callback(countdown.came)
            future.add_errback(countdown.refused)
        self._client.wake()

    def _enter(self, size: int) -> None:
        with self._room:
            self._room.wait_for(lambda: self._buffered < MAX_BUFFERED_BYTES)
            self._buffered += size

    def _leave(self, size: int) -> None:
        with self._room:
            self._buffered -= size
            self._room.notify()

    def close(self) -> None:
        """Flush what is buffered, five seconds at most."""
        self._client.close(timeout=5)


class _Countdown:
    """Tells what became of several futures of records: once, that all were sent, or the first refusal."""

    def __init__(
        self, outstanding: int, all_sent: Callable[[], None], refused: Callable[[BaseException], None]
    ) -> None:
        self._outstanding = outstanding
        self._all_sent = all_sent
        self._refused: Callable[[BaseException], None] | None = refused
        # Mostly the producer's thread calls; where a batch is acknowledged before anybody listens, it is the sender's.
        self._lock = threading.Lock()

    def came(self, value: object) -> None:
        refusal = refusal_of(value)
        if refusal is not None:
            self.refused(refusal)
            return
        with self._lock:
            self._outstanding -= 1
            is_last = self._outstanding == 0
        if is_last:
            self._all_sent()

    def refused(self, error: BaseException) -> None:
        with self._lock:
            refused, self._refused = self._refused, None
        if refused is not None:
            refused(error)


def _parts(records: Sequence[OutRecord]) -> Iterator[tuple[list[OutRecord], int]]:
    """``records`` in order, in parts of `PART_BYTES` or a record more, each with its size."""
    part: list[OutRecord] = []
    size = 0
    for record in records:
        part.append(record)
        size += record.size
        if size >= PART_BYTES:
            yield part, size
            part, size = [], 0
    if part:
        yield part, size
