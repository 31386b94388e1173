"""Accepting records from the event loop: a request waits for every replica's word, within a bound of bytes and time.

Brokers that do not answer make a request fail after five seconds with "come back" and never lose it silently: its
sender was told nothing, and sending the event again makes the same runs, whether or not the first copy arrives after
all. Only an event that was acknowledged is ever called accepted.

The producer behind this keeps trying for two minutes. A process that could not produce for that long ends
(`shared.adapters.publisher`): nothing it holds was promised to anyone, and a fresh one comes back with clean sequence
numbers, or is kept out of service by its readiness. Until then new requests are refused at once when too many bytes
wait, so an outage costs neither memory nor hanging clients.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from contextlib import suppress

from shared.adapters.async_publisher import AsyncPublisher
from shared.core.faults import InfrastructureError
from shared.core.records import OutRecord

#: Seconds a request waits for acknowledgement.
WAIT_SECONDS = 5.0
#: Bytes that may wait for acknowledgement; half of the publisher's own bound, so its thread never blocks on that.
MAX_UNACKNOWLEDGED_BYTES = 32 * 1024 * 1024
#: What a waiting record takes besides its own bytes, mostly in the Kafka client. Measured: 188,000 of the smallest
#: events that waited for a stopped broker took 488 MiB.
RECORD_OVERHEAD_BYTES = 2_700


class NotAcknowledged(InfrastructureError):
    """The brokers have not taken the records, or too much waits for them already."""


class RecordAcceptance:
    """Lives on one event loop."""

    def __init__(self, publisher: AsyncPublisher) -> None:
        self._publisher = publisher
        self._bytes = 0
        #: When each submission under way began (monotonic seconds), oldest first.
        self._under_way: dict[asyncio.Future[None], float] = {}
        #: What is acknowledged and not yet settled, with its bytes: one call to the loop for all of it.
        self._told: list[tuple[asyncio.Future[None], int]] = []
        self._lock = threading.Lock()

    async def accept(self, records: Sequence[OutRecord]) -> None:
        """Return once every replica has ``records``. Raises NotAcknowledged."""
        size = sum(record.size + RECORD_OVERHEAD_BYTES for record in records)
        if self._bytes and self._bytes + size > MAX_UNACKNOWLEDGED_BYTES:
            raise NotAcknowledged("too much waits for the brokers already")
        loop = asyncio.get_running_loop()
        acknowledged: asyncio.Future[None] = loop.create_future()
        self._bytes += size
        self._under_way[acknowledged] = time.monotonic()

        def done() -> None:
            """Called from the publisher's threads."""
            with self._lock:
                self._told.append((acknowledged, size))
                is_first = len(self._told) == 1
            if is_first:
                # A loop that has ended waits for nothing, and its last requests were told to come back.
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._acknowledged)

        self._publisher.submit(records, done)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await acknowledged
        except TimeoutError:
            raise NotAcknowledged(f"the brokers did not acknowledge within {WAIT_SECONDS:.0f} s") from None

    def _acknowledged(self) -> None:
        with self._lock:
            told, self._told = self._told, []
        for acknowledged, size in told:
            self._bytes -= size
            del self._under_way[acknowledged]
            # Who waited for it may have gone.
            if not acknowledged.done():
                acknowledged.set_result(None)

    def not_ready(self) -> str | None:
        """A readiness check: what waits longest tells whether brokers answer."""
        oldest = next(iter(self._under_way.values()), None)
        if oldest is not None and time.monotonic() - oldest > WAIT_SECONDS:
            return "the brokers do not acknowledge records"
        return None
