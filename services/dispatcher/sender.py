"""The send role's engine: takes delivery requests from the polling thread, works on many at once, gives back tickets.

Three threads meet here. The polling thread fills the lanes; the event loop begins requests while there are free
slots; the producer's thread reports acknowledgements. A slot is held from beginning to acknowledgement, so what is in
memory is bounded, and a request is finished, and its offset committable, only when everything it led to is safe.

The same piece of work, (run id, step), may be read twice: a repetition of one under way shares its fate, a repetition
of a finished one is finished at once, whoever finished it.
"""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence

from pydantic import ValidationError

from services.dispatcher.core.lanes import LANE_ROOM, Lanes
from shared.adapters import metrics
from shared.adapters.clock import Clock
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.json_logs import log
from shared.adapters.tracking_consumer import IsLost, Ticket
from shared.core.dead_letters import REPLAYED_HEADER
from shared.core.faults import Fault, InfrastructureError, InvalidInput
from shared.core.messages.delivery import DELIVERY_HEADER, DeliveryRequest
from shared.core.recent_ids import RecentIds
from shared.core.records import OutRecord, Record

Work = tuple[str, int]
_logger = logging.getLogger("hookfleet.send")


class Sender:
    """A `shared.adapters.tracking_consumer.Reader` that works on an event loop."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        handle: Callable[[DeliveryRequest, bytes], Awaitable[list[OutRecord]]],
        submit: Callable[[Sequence[OutRecord], Callable[[], None]], None],
        finish: Callable[[Ticket], None],
        crash: Callable[[BaseException], None],
        dead_letters: DeadLetterBox,
        due_topic: str,
        max_in_flight: int,
        clock: Clock,
    ) -> None:
        self._loop = loop
        self._handle = handle
        self._submit = submit
        self._finish = finish
        self._crash = crash
        self._dead_letters = dead_letters
        self._due_topic = due_topic
        self._max_in_flight = max_in_flight
        self._clock = clock
        self._lock = threading.Lock()
        self._lanes: Lanes[tuple[Record, Ticket]] = Lanes()
        self._under_way: dict[Work, list[Ticket]] = {}
        self._recent: dict[int, RecentIds] = {}
        self._busy = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._settled: list[tuple[Work | None, Ticket]] = []

    def has_room(self, topic: str) -> bool:
        """Called from the polling thread."""
        lane = self._lanes.due if topic == self._due_topic else self._lanes.first
        return len(lane) < LANE_ROOM

    def recall(self, finished: Sequence[Record]) -> None:
        """Called from the polling thread."""
        works = [(record.partition, work) for record in finished if (work := _work_of(record)) is not None]
        now_ms = self._clock()
        with self._lock:
            for partition, work in works:
                self._recent.setdefault(partition, RecentIds()).add(work, now_ms)

    def take(self, work: Sequence[tuple[Record, Ticket]]) -> None:
        """Called from the polling thread."""
        with self._lock:
            for record, ticket in work:
                lane = self._lanes.due if record.topic == self._due_topic else self._lanes.first
                lane.append((record, ticket))
        self._loop.call_soon_threadsafe(self._begin)

    def forget(self, is_lost: IsLost) -> int:
        """Called from the polling thread and the consumer's I/O thread."""
        forgotten = 0
        with self._lock:
            for lane in (self._lanes.first, self._lanes.due):
                kept = [each for each in lane if not is_lost(each[1])]
                forgotten += len(lane) - len(kept)
                lane.clear()
                lane.extend(kept)
        return forgotten

    def _begin(self) -> None:
        while self._busy < self._max_in_flight:
            with self._lock:
                taken = self._lanes.take()
            if taken is None:
                return
            self._begin_one(*taken)

    def _begin_one(self, record: Record, ticket: Ticket) -> None:
        try:
            request = read_request(record)
        except (InvalidInput, ValidationError) as error:
            self._busy += 1
            self._submit([self._dead_letters.letter(record, error)], lambda: self._acknowledged(None, ticket))
            return
        work = (request.run_id, request.step)
        if work in self._under_way:
            self._under_way[work].append(ticket)
        elif REPLAYED_HEADER not in record.headers and self._is_finished(record.partition, work):
            metrics.DUPLICATES_SKIPPED.inc()
            self._finish(ticket)
        else:
            self._busy += 1
            self._under_way[work] = [ticket]
            task = self._loop.create_task(self._work(request, record, ticket))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _is_finished(self, partition: int, work: Work) -> bool:
        with self._lock:
            return work in self._recent.setdefault(partition, RecentIds())

    async def _work(self, request: DeliveryRequest, record: Record, ticket: Ticket) -> None:
        try:
            out = await self._handle(request, record.value or b"")
        except InfrastructureError as error:
            self._crash(error)
            return
        except Exception as error:  # noqa: BLE001 - what our own code raises on one record is a dead letter
            out = [self._dead_letters.letter(record, error)]
        log(
            _logger,
            logging.INFO,
            "delivery",
            organization=request.organization,
            run_id=request.run_id,
            integration_id=request.integration_id,
            attempt=request.next_attempt,
            step=request.step,
            led_to=[each.topic for each in out],
        )
        work = (request.run_id, request.step)
        self._submit(out, lambda: self._acknowledged(work, ticket))

    def _acknowledged(self, work: Work | None, ticket: Ticket) -> None:
        """Called from the producer's thread."""
        with self._lock:
            self._settled.append((work, ticket))
            first = len(self._settled) == 1
        if first:
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        with self._lock:
            settled, self._settled = self._settled, []
        for work, ticket in settled:
            self._busy -= 1
            if work is None:
                self._finish(ticket)
                continue
            with self._lock:
                self._recent.setdefault(ticket.partition.partition, RecentIds()).add(work, self._clock())
            for each in self._under_way.pop(work):
                self._finish(each)
        self._begin()


def read_request(record: Record) -> DeliveryRequest:
    """Raises InvalidInput or pydantic.ValidationError when the record is no delivery request."""
    raw = record.headers.get(DELIVERY_HEADER)
    if raw is None or record.value is None:
        missing = f"header {DELIVERY_HEADER}" if raw is None else "(value)"
        raise InvalidInput([Fault(missing, "missing", "only the dispatcher writes this topic")])
    return DeliveryRequest.model_validate_json(raw)


def _work_of(record: Record) -> Work | None:
    """What a record asks for; None where it is no delivery request."""
    try:
        request = read_request(record)
    except (InvalidInput, ValidationError):
        return None
    return request.run_id, request.step
