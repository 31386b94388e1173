"""What the send role works on, one request at a time, and what it asks of whoever does that work."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from services.dispatcher.core.gate import Defer, Limits
from services.dispatcher.core.window import Sign
from services.dispatcher.delivery_records import Work
from shared.adapters.tracking_consumer import Ticket
from shared.core.messages.delivery import DeliveryRequest
from shared.core.records import OutRecord, Record


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A request that was read."""

    request: DeliveryRequest
    record: Record
    ticket: Ticket

    @property
    def work(self) -> Work:
        return self.request.run_id, self.request.step

    def in_log(self, out: Sequence[OutRecord]) -> dict[str, object]:
        """The fields of its log line, once it has led to ``out``."""
        request = self.request
        return {
            "organization": request.organization,
            **request.trace_fields,
            "run_id": request.run_id,
            "integration_id": request.integration_id,
            "attempt": request.next_attempt,
            "step": request.step,
            "led_to": [each.topic for each in out],
        }


class Handler(Protocol):
    """Whoever does the work on one request. What it raises is the record's end: a dead letter."""

    async def __call__(self, request: DeliveryRequest, value: bytes) -> tuple[list[OutRecord], Sign]:
        """What it leads to, and what it says about the receiver."""

    def limits(self, request: DeliveryRequest) -> Limits | None:
        """What applies to it; null when nothing will be sent."""

    def deferred(self, request: DeliveryRequest, value: bytes, defer: Defer) -> list[OutRecord]:
        """What it leads to when it is put off."""
