"""One attempt of a strictly ordered run: what the record and what was held make of the request, and what it led to.

A run that is to be tried again waits at the head of its key, as long as order is asked for. When its integration is no
longer ordered, the runs in the queue still begin one after another, but one that fails goes on in the retry tiers, like
any other, and holds up nobody: its schedule may now be days long.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pydantic import ValidationError

from services.dispatcher.core.configuration import Configuration
from services.dispatcher.core.run_records import LedTo
from services.dispatcher.core.window import Sign
from services.dispatcher.delivery_records import Work, read_request
from services.dispatcher.send_handler import Worked
from shared.adapters import metrics
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.json_logs import log
from shared.core.faults import InfrastructureError, InvalidInput
from shared.core.messages.delivery import DeliveryRequest
from shared.core.ordered_metadata import Held
from shared.core.records import OutRecord, Record
from shared.core.resources import Ordering
from shared.core.topics import Topics

_logger = logging.getLogger("hookfleet.ordered")


@dataclass(frozen=True, slots=True)
class Attempted:
    """Records to produce, and how far the run is if it is to be tried again; null when it has ended. ``work`` is what
    must not be done a second time once that has happened; null where there was nothing to do. ``sign`` is what it says
    about the receiver."""

    records: list[OutRecord]
    work: Work | None = None
    held: Held | None = None
    sign: Sign = Sign.NOT_ASKED


class OrderedHandler:
    """Works on one record per call, with the send stage's own work on one request."""

    def __init__(
        self,
        *,
        work: Callable[[DeliveryRequest, bytes], Awaitable[Worked]],
        configuration: Configuration,
        topics: Topics,
        dead_letters: DeadLetterBox,
    ) -> None:
        self._work = work
        self._configuration = configuration
        self._topics = topics
        self._dead_letters = dead_letters

    async def __call__(self, record: Record, held: Held | None, is_finished: Callable[[Work], bool]) -> Attempted:
        """Nothing of what it leads to is produced yet. ``held`` is how far the run came before."""
        try:
            first = read_request(record)
        except (InvalidInput, ValidationError) as error:
            return Attempted([self._dead_letters.letter(record, error)])
        work = (first.run_id, first.step)
        if is_finished(work):
            metrics.DUPLICATES_SKIPPED.inc()
            return Attempted([])
        request = first if held is None else held.applied_to(first)
        value = record.value or b""
        try:
            worked = await self._work(request, value)
            led_to = self._placed(request, value, worked.led_to)
        except InfrastructureError:
            raise
        except Exception as error:  # noqa: BLE001 - what our own code raises on one record is a dead letter
            return Attempted([self._dead_letters.letter(record, error)], work)
        retry = led_to.retry
        log(
            _logger,
            logging.INFO,
            "delivery",
            organization=request.organization,
            **request.trace_fields,
            run_id=request.run_id,
            integration_id=request.integration_id,
            attempt=request.next_attempt,
            step=request.step,
            led_to=[each.topic for each in led_to.records],
            held_until_ms=None if retry is None else retry.due_ms,
        )
        held_on = None if retry is None else Held.of(first, retry.request, retry.due_ms)
        return Attempted(led_to.records, work, held_on, worked.sign)

    def _placed(self, request: DeliveryRequest, value: bytes, led_to: LedTo) -> LedTo:
        """With a retry the run stays where it is; without one, what it waits for is among the records."""
        integration = self._configuration.integration(request.organization, request.integration_id)
        if integration is not None and integration.ordering is Ordering.NONE:
            return LedTo(led_to.with_tier(value, self._topics))
        return led_to
