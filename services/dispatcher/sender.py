"""The send role's engine: takes delivery requests from the polling thread, works on many at once, gives back tickets.

Three threads meet here. The polling thread fills the lanes; the event loop begins requests while there are free
slots; the producer's thread reports acknowledgements. A slot is held from beginning to acknowledgement, so what is in
memory is bounded, and a request is finished, and its offset committable, only when everything it led to is safe.

What is taken from a lane goes through its integration's gate (`services.dispatcher.core.gate`): it begins, waits a
moment among the held, or is put off. So a lane never stands still because of one receiver.

The same piece of work, (run id, step), may be read twice: a repetition of one under way shares its fate, a repetition
of a finished one is finished at once, whoever finished it.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import ValidationError

from services.dispatcher.core.gate import Begin, Defer, Gate, Hold, Limits, Passage, Room
from services.dispatcher.core.gates import Gates
from services.dispatcher.core.lanes import LANE_ROOM, Lanes
from services.dispatcher.core.window import Sign
from services.dispatcher.delivery_records import Work, read_request, work_of
from shared.adapters import metrics
from shared.adapters.clock import Clock
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.json_logs import log
from shared.adapters.tracking_consumer import IsLost, Ticket
from shared.core.dead_letters import REPLAYED_HEADER
from shared.core.faults import InfrastructureError, InvalidInput
from shared.core.messages.delivery import DeliveryRequest
from shared.core.recent_ids import RecentIds
from shared.core.records import OutRecord, Record

#: Runs that wait in memory for their turn, in one process; as long as they are so many, nothing more is begun.
HELD_ROOM = 1_000
#: Requests taken from the lanes under one lock.
_AT_ONCE = 32
#: Seconds between two looks at them, while there are any: how exactly a rate limit is paced.
_LOOK_SECONDS = 0.02
_logger = logging.getLogger("hookfleet.send")


class Handler(Protocol):
    """Whoever does the work on one request."""

    async def __call__(self, request: DeliveryRequest, value: bytes) -> tuple[list[OutRecord], Sign]:
        """What it leads to, and what it says about the receiver."""

    def limits(self, request: DeliveryRequest) -> Limits | None:
        """What applies to it; null when nothing will be sent."""

    def deferred(self, request: DeliveryRequest, value: bytes, defer: Defer) -> list[OutRecord]:
        """What it leads to when it is put off."""


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    """A request that was read."""

    request: DeliveryRequest
    record: Record
    ticket: Ticket

    @property
    def work(self) -> Work:
        return self.request.run_id, self.request.step


class Sender:
    """A `shared.adapters.tracking_consumer.Reader` that works on an event loop."""

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        handler: Handler,
        submit: Callable[[Sequence[OutRecord], Callable[[], None]], None],
        finish: Callable[[Ticket], None],
        crash: Callable[[BaseException], None],
        dead_letters: DeadLetterBox,
        due_topic: str,
        max_in_flight: int,
        clock: Clock,
    ) -> None:
        self._loop = loop
        self._handler = handler
        self._submit = submit
        self._finish = finish
        self._crash = crash
        self._dead_letters = dead_letters
        self._due_topic = due_topic
        self._max_in_flight = max_in_flight
        self._clock = clock
        self._lock = threading.Lock()
        self._lanes: Lanes[tuple[Record, Ticket]] = Lanes()
        self._gates: Gates[_Job] = Gates()
        #: Gates at which runs are held, and how many runs these are.
        self._holding: dict[Gate[_Job], None] = {}
        self._held = 0
        self._look: asyncio.TimerHandle | None = None
        self._under_way: dict[Work, list[Ticket]] = {}
        self._recent: dict[int, RecentIds] = {}
        self._busy = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._settled: list[tuple[Work | None, Ticket]] = []

    # -- what the consumer calls, from the polling thread ------------------------------------------------------

    def has_room(self, topic: str) -> bool:
        lane = self._lanes.due if topic == self._due_topic else self._lanes.first
        return len(lane) < LANE_ROOM

    def took_over(self, partition: int) -> None:
        with self._lock:
            self._gates.begin_anew(partition)

    def recall(self, finished: Sequence[Record]) -> None:
        works = [(record.partition, work) for record in finished if (work := work_of(record)) is not None]
        now_ms = self._clock()
        with self._lock:
            for partition, work in works:
                self._recent.setdefault(partition, RecentIds()).add(work, now_ms)

    def take(self, work: Sequence[tuple[Record, Ticket]]) -> None:
        with self._lock:
            for record, ticket in work:
                lane = self._lanes.due if record.topic == self._due_topic else self._lanes.first
                lane.append((record, ticket))
        self._loop.call_soon_threadsafe(self._begin)

    def forget(self, is_lost: IsLost) -> int:
        """Called from the consumer's I/O thread too."""
        with self._lock:
            before = len(self._lanes.first) + len(self._lanes.due) + self._held
            for lane in (self._lanes.first, self._lanes.due):
                kept = [each for each in lane if not is_lost(each[1])]
                lane.clear()
                lane.extend(kept)
            for gate in self._holding:
                gate.held = deque(each for each in gate.held if not is_lost(each[1].ticket))
            self._count_held()
            return before - len(self._lanes.first) - len(self._lanes.due) - self._held

    # -- on the event loop -------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._holding:
            self._begin_held()
        while self._busy < self._max_in_flight and self._held < HELD_ROOM:
            with self._lock:
                taken = self._lanes.take_several(min(_AT_ONCE, self._max_in_flight - self._busy))
            if not taken:
                break
            for record, ticket in taken:
                self._take_up(record, ticket)
        if self._holding and self._look is None:
            self._look = self._loop.call_later(_LOOK_SECONDS, self._look_again)

    def _look_again(self) -> None:
        self._look = None
        self._begin()

    def _begin_held(self) -> None:
        with self._lock:
            gates = list(self._holding)
        for gate in gates:
            self._begin_held_at(gate)
        with self._lock:
            self._count_held()

    def _begin_held_at(self, gate: Gate[_Job]) -> None:
        while self._busy < self._max_in_flight:
            with self._lock:
                limits = self._handler.limits(gate.held[0][1].request) if gate.held else None
                following = gate.next_held(limits, self._room(), self._clock())
                if following is None:
                    return
                self._held -= 1
            job, answer = following
            if not self._is_known(job):
                self._go(job, gate if limits is not None else None, answer)

    def _take_up(self, record: Record, ticket: Ticket) -> None:
        try:
            job = _Job(read_request(record), record, ticket)
        except (InvalidInput, ValidationError) as error:
            self._busy += 1
            self._submit([self._dead_letters.letter(record, error)], lambda: self._acknowledged(None, ticket))
            return
        if self._is_known(job):
            return
        request, now_ms = job.request, self._clock()
        limits = self._handler.limits(request)
        if limits is None:
            self._go(job, None, Begin())
            return
        gate = self._gates.of(record.partition, (request.organization, request.integration_id))
        answer = gate.ask(limits, self._room(), came_back=request.deferrals > 0, now_ms=now_ms)
        if isinstance(answer, Hold):
            with self._lock:
                gate.hold(job, now_ms)
                self._holding[gate] = None
                self._held += 1
            return
        self._go(job, gate, answer)

    def _is_known(self, job: _Job) -> bool:
        """Whether the same work is under way or finished, and this copy of it is thereby taken care of."""
        if job.work in self._under_way:
            self._under_way[job.work].append(job.ticket)
            return True
        if REPLAYED_HEADER in job.record.headers or not self._is_finished(job.record.partition, job.work):
            return False
        metrics.DUPLICATES_SKIPPED.inc()
        self._finish(job.ticket)
        return True

    def _is_finished(self, partition: int, work: Work) -> bool:
        recent = self._recent.get(partition)
        return recent is not None and work in recent

    def _go(self, job: _Job, gate: Gate[_Job] | None, answer: Begin | Defer) -> None:
        self._busy += 1
        self._under_way[job.work] = [job.ticket]
        if isinstance(answer, Defer):
            self._end(job, self._handler.deferred(job.request, job.record.value or b"", answer))
            return
        passage = Passage(None, 0) if gate is None else gate.begin(self._clock())
        task = self._loop.create_task(self._work(job, passage, gate))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, job: _Job, passage: Passage, gate: Gate[_Job] | None) -> None:
        sign = Sign.NOT_ASKED
        try:
            out, sign = await self._handler(job.request, job.record.value or b"")
        except InfrastructureError as error:
            self._crash(error)
            return
        except Exception as error:  # noqa: BLE001 - what our own code raises on one record is a dead letter
            out = [self._dead_letters.letter(job.record, error)]
        passage.end(sign, self._clock())
        self._end(job, out)
        if gate is not None and gate.held:
            self._begin_held_at(gate)

    def _end(self, job: _Job, out: list[OutRecord]) -> None:
        request = job.request
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
        self._submit(out, lambda: self._acknowledged(job.work, job.ticket))

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
            now_ms = self._clock()
            for work, ticket in settled:
                if work is not None:
                    self._recent.setdefault(ticket.partition.partition, RecentIds()).add(work, now_ms)
        self._busy -= len(settled)
        for work, ticket in settled:
            for each in [ticket] if work is None else self._under_way.pop(work):
                self._finish(each)
        self._begin()

    def _room(self) -> Room:
        return Room(self._max_in_flight - self._busy, self._max_in_flight, HELD_ROOM - self._held)

    def _count_held(self) -> None:
        """With the lock held."""
        self._holding = {gate: None for gate in self._holding if gate.held}
        self._held = sum(len(gate.held) for gate in self._holding)
        metrics.HELD.set(self._held)
