"""The send role's engine: takes delivery requests from the polling thread, works on many at once, gives back tickets.

Three threads meet here. The polling thread fills the lanes; the event loop begins requests while there are free
slots; the producer's thread reports acknowledgements. A slot is held from beginning to acknowledgement, so what is in
memory is bounded, and a request is finished, and its offset committable, only when everything it led to is safe.

What is taken from a lane goes through its integration's gate (`services.dispatcher.core.gate`): it begins, waits a
moment among the held, or is put off. So a lane never stands still because of one receiver.

Requests are begun some at a time, once in a turn of the loop, so that answers are taken up in between: begun all at
once, those of a backlog would each open a connection, only to wait for each other.

A piece of work that is read twice is done once (`services.dispatcher.core.known_work`).
"""

import asyncio
import functools
import logging
import threading
from collections.abc import Callable, Sequence

from services.dispatcher.core.gate import Begin, Defer, Gate, Hold, Limits, Passage, Room
from services.dispatcher.core.gates import Gates
from services.dispatcher.core.held_runs import HeldRuns
from services.dispatcher.core.known_work import KnownWork
from services.dispatcher.core.lanes import LANE_ROOM, Lanes
from services.dispatcher.core.window import Sign
from services.dispatcher.delivery_records import read_request, work_of
from services.dispatcher.jobs import Handler, Job
from shared.adapters import metrics
from shared.adapters.clock import Clock
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.json_logs import log_each
from shared.adapters.tracking_consumer import IsLost, Ticket
from shared.core.dead_letters import REPLAYED_HEADER
from shared.core.faults import InfrastructureError
from shared.core.records import OutRecord, Record

#: Runs that wait in memory for their turn, in one process; as long as they are so many, nothing more is begun.
HELD_ROOM = 1_000
#: Seconds between two looks at them, while there are any: how exactly a rate limit is paced.
_LOOK_SECONDS = 0.02
#: Requests begun in one turn of the loop.
_AT_ONCE = 16
_logger = logging.getLogger("hookfleet.send")

#: Whose records are acknowledged: the ticket, what was asked for where that could be read, and the records.
_Settled = tuple[Ticket, Job | None, Sequence[OutRecord]]


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
        self.gates: Gates[Job] = Gates()
        self._held: HeldRuns[Job] = HeldRuns()
        self._look: asyncio.TimerHandle | None = None
        self._has_turn = False
        self._known: KnownWork[Ticket] = KnownWork()
        self._busy = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._settled: list[_Settled] = []

    # -- what the consumer calls, from the polling thread ------------------------------------------------------

    def has_room(self, topic: str) -> bool:
        lane = self._lanes.due if topic == self._due_topic else self._lanes.first
        return len(lane) < LANE_ROOM

    def took_over(self, partition: int) -> None:
        with self._lock:
            self.gates.begin_anew(partition)

    def recall(self, finished: Sequence[Record]) -> None:
        works = [(record.partition, work) for record in finished if (work := work_of(record)) is not None]
        now_ms = self._clock()
        with self._lock:
            for partition, work in works:
                self._known.remember(partition, work, now_ms)

    def take(self, work: Sequence[tuple[Record, Ticket]]) -> None:
        with self._lock:
            for record, ticket in work:
                lane = self._lanes.due if record.topic == self._due_topic else self._lanes.first
                lane.append((record, ticket))
        self._loop.call_soon_threadsafe(self._begin)

    def forget(self, is_lost: IsLost) -> int:
        """Called from the consumer's I/O thread too."""
        with self._lock:
            before = len(self._lanes.first) + len(self._lanes.due) + self._held.count
            for lane in (self._lanes.first, self._lanes.due):
                kept = [each for each in lane if not is_lost(each[1])]
                lane.clear()
                lane.extend(kept)
            self._held.drop(lambda job: is_lost(job.ticket))
            return before - len(self._lanes.first) - len(self._lanes.due) - self._held.count

    # -- on the event loop -------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._held:
            self._begin_held()
        self._take_turn()
        if self._held and self._look is None:
            self._look = self._loop.call_later(_LOOK_SECONDS, self._look_again)

    def _take_turn(self) -> None:
        """Begin some of what is in the lanes, and have the next turn where there may be more."""
        most = min(_AT_ONCE, self._max_in_flight - self._busy)
        if self._has_turn or most <= 0 or self._held.count >= HELD_ROOM:
            return
        with self._lock:
            taken = self._lanes.take_several(most)
        for record, ticket in taken:
            try:
                self._take_up(record, ticket)
            except Exception as error:  # noqa: BLE001 - what is wrong with one record, or our own code, stops nothing
                self._set_aside(record, ticket, error)
        if len(taken) == most:
            self._has_turn = True
            self._loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._has_turn = False
        self._begin()

    def _look_again(self) -> None:
        self._look = None
        self._begin()

    def _begin_held(self) -> None:
        with self._lock:
            gates = self._held.gates()
        for gate in gates:
            self._begin_held_at(gate)
        with self._lock:
            self._held.recount()
            metrics.HELD.set(self._held.count)

    def _begin_held_at(self, gate: Gate[Job]) -> None:
        while self._busy < self._max_in_flight:
            with self._lock:
                following = self._next_held(gate)
            if following is None:
                return
            job, limits, answer = following
            try:
                if isinstance(answer, Exception):
                    raise answer
                if not self._is_known(job):
                    self._go(job, gate if limits is not None else None, answer)
            except Exception as error:  # noqa: BLE001 - as in `_take_turn`
                self._set_aside(job.record, job.ticket, error)

    def _next_held(self, gate: Gate[Job]) -> tuple[Job, Limits | None, Begin | Defer | Exception] | None:
        """With the lock held: the oldest run that is held, if it need not be held any more."""
        if not gate.held:
            return None
        _, job = gate.held[0]
        try:
            limits = self._handler.limits(job.request)
            following = gate.next_held(limits, self._room(), self._clock())
        except Exception as error:  # noqa: BLE001 - handed back to whoever can set the run aside
            gate.held.popleft()
            self._held.count -= 1
            return job, None, error
        if following is None:
            return None
        self._held.count -= 1
        return job, limits, following[1]

    def _take_up(self, record: Record, ticket: Ticket) -> None:
        job = Job(read_request(record), record, ticket)
        if self._is_known(job):
            return
        request, now_ms = job.request, self._clock()
        limits = self._handler.limits(request)
        if limits is None:
            self._go(job, None, Begin())
            return
        gate = self.gates.of(record.partition, (request.organization, request.integration_id))
        answer = gate.ask(limits, self._room(), came_back=request.deferrals > 0, now_ms=now_ms)
        if isinstance(answer, Hold):
            with self._lock:
                self._held.add(gate, job, now_ms)
            return
        self._go(job, gate, answer)

    def _is_known(self, job: Job) -> bool:
        """Whether the same work is under way or finished, and this copy of it is thereby taken care of."""
        if self._known.join(job.work, job.ticket):
            return True
        if REPLAYED_HEADER in job.record.headers or not self._known.is_finished(job.record.partition, job.work):
            return False
        metrics.DUPLICATES_SKIPPED.inc()
        self._finish(job.ticket)
        return True

    def _set_aside(self, record: Record, ticket: Ticket, error: Exception) -> None:
        """A record that could not be begun becomes a dead letter."""
        self._busy += 1
        out = [self._dead_letters.letter(record, error)]
        self._submit(out, functools.partial(self._acknowledged, (ticket, None, out)))

    def _go(self, job: Job, gate: Gate[Job] | None, answer: Begin | Defer) -> None:
        # A slot is taken when nothing can fail any more: what raises here has none to give back.
        if isinstance(answer, Defer):
            out = self._handler.deferred(job.request, job.record.value or b"", answer)
            self._take_slot(job)
            self._end(job, out)
            return
        passage = Passage(None, 0) if gate is None else gate.begin(self._clock())
        self._take_slot(job)
        task = self._loop.create_task(self._work(job, passage, gate))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _take_slot(self, job: Job) -> None:
        self._busy += 1
        self._known.begin(job.work, job.ticket)

    async def _work(self, job: Job, passage: Passage, gate: Gate[Job] | None) -> None:
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

    def _end(self, job: Job, out: list[OutRecord]) -> None:
        self._submit(out, functools.partial(self._acknowledged, (job.ticket, job, out)))

    def _acknowledged(self, settled: _Settled) -> None:
        """Called from the producer's thread."""
        with self._lock:
            self._settled.append(settled)
            first = len(self._settled) == 1
        if first:
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        with self._lock:
            settled, self._settled = self._settled, []
            now_ms = self._clock()
            for ticket, job, _ in settled:
                if job is not None:
                    self._known.remember(ticket.partition.partition, job.work, now_ms)
        self._busy -= len(settled)
        for ticket, job, _ in settled:
            for each in [ticket] if job is None else self._known.end(job.work):
                self._finish(each)
        self._begin()
        lines = [job.in_log(out) for _, job, out in settled if job is not None]
        log_each(_logger, logging.INFO, "delivery", lines)

    def _room(self) -> Room:
        return Room(self._max_in_flight - self._busy, self._max_in_flight, HELD_ROOM - self._held.count)
