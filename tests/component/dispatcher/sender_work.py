"""A sender under test, on a real event loop: requests end and records are acknowledged when a test says so."""

import asyncio
import threading
from collections.abc import Callable, Sequence

from kafka import TopicPartition

from services.dispatcher.core.gate import Defer, Limits
from services.dispatcher.core.window import Sign
from services.dispatcher.sender import Sender
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.tracking_consumer import Ticket
from shared.core.messages.delivery import DeliveryRequest
from shared.core.offset_tracking import OffsetTracker
from shared.core.records import OutRecord, Record
from tests.unit.dispatcher import samples

FIRST, DUE = "deliveries", "deliveries-due"
OUT = OutRecord("run-log", b"k", b"done")
LATER = OutRecord("deliveries-retry-1s", b"k", b"later")


class Work:
    """A sender whose requests end when the test says so and whose records are acknowledged when it says so."""

    def __init__(self, max_in_flight: int = 100) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.limit: Limits | None = None
        self.deferrals: list[tuple[str, Defer]] = []
        self.begun: list[tuple[str, int]] = []
        self.running = 0
        self.most_running = 0
        self.produced: list[OutRecord] = []
        self.now_ms = 0
        self.unacknowledged: list[Callable[[], None]] = []
        self.finished: list[int] = []
        self.crashes: list[BaseException] = []
        self.raises: BaseException | None = None
        self.limits_raise: Exception | None = None
        self.deferral_raises: Exception | None = None
        self.acknowledge_at_once = True
        self._gate = asyncio.Event()
        self._offset = 0
        self._tracker = OffsetTracker(0)
        self.sender = Sender(
            loop=self.loop,
            handler=self,
            submit=self._submit,
            finish=lambda ticket: self.finished.append(ticket.offset),
            crash=self.crashes.append,
            dead_letters=DeadLetterBox("dead-letters", "dispatcher"),
            due_topic=DUE,
            max_in_flight=max_in_flight,
            clock=lambda: self.now_ms,
        )

    def limits(self, request: DeliveryRequest) -> Limits | None:
        if self.limits_raise is not None:
            raise self.limits_raise
        return self.limit

    def deferred(self, request: DeliveryRequest, value: bytes, defer: Defer) -> list[OutRecord]:
        if self.deferral_raises is not None:
            raise self.deferral_raises
        self.deferrals.append((request.run_id, defer))
        return [LATER]

    async def __call__(self, request: DeliveryRequest, value: bytes) -> tuple[list[OutRecord], Sign]:
        self.begun.append((request.run_id, request.step))
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await self._gate.wait()
            if self.raises is not None:
                raise self.raises
        finally:
            self.running -= 1
        return [OUT], Sign.ANSWERED

    def _submit(self, records: Sequence[OutRecord], done: Callable[[], None]) -> None:
        self.produced += records
        self.unacknowledged.append(done)
        if self.acknowledge_at_once:
            self.acknowledge()

    def acknowledge(self) -> None:
        waiting, self.unacknowledged = self.unacknowledged, []
        for done in waiting:
            done()

    def open(self) -> None:
        """Let every request end."""
        self.loop.call_soon_threadsafe(self._gate.set)

    def record(
        self, run_id: str, step: int = 0, *, topic: str = FIRST, partition: int = 0, integration: str = "bills-to-chat"
    ) -> tuple[Record, Ticket]:
        headers = tuple(samples.request(run_id=run_id, step=step, integration_id=integration).headers())
        return self.raw(b"{}", headers, topic=topic, partition=partition)

    def raw(
        self,
        value: bytes | None,
        headers: tuple[tuple[str, bytes], ...],
        *,
        topic: str = FIRST,
        partition: int = 0,
    ) -> tuple[Record, Ticket]:
        offset, self._offset = self._offset, self._offset + 1
        ticket = Ticket(self._tracker, TopicPartition(topic, partition), offset)
        return Record(topic, partition, offset, b"k", value, headers, 0), ticket

    def close(self) -> None:
        self.open()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(timeout=10)
        self.loop.close()
