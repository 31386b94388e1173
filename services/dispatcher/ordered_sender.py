"""The ordered role's engine: attempts the heads of the ordering keys, and lets the next one of a key begin when it may.

Where `services.dispatcher.sender` works on whatever is there, here `OrderedPartition` says what may begin. An attempt
begins only while membership is confirmed, and is broken off when it is in doubt or when its partition leaves, so that
no two workers send different records of one key at once. What is broken off counts as not begun and is attempted again,
here or elsewhere.

An attempt passes its integration's gate (`services.dispatcher.core.gate`) like any other, so a hanging receiver takes
no more than its share here either. A head that may not pass waits in its place: put off, it would lose its order.

Of each key the next `KEPT_PER_KEY` records are in memory, and of all keys `KEPT_BYTES`; of what was read beyond, only
the offset is known, and it is read again when the key gets there. So the queue behind a failing receiver costs neither
memory nor, up to the partition's window, the other keys' time.
"""

import asyncio
import functools
import logging
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Sequence, Set
from dataclasses import dataclass, field

from services.dispatcher.core.gate import Limits, Passage, Room
from services.dispatcher.core.gates import Gates
from services.dispatcher.core.ordered_partition import OrderedPartition
from services.dispatcher.core.window import Sign
from services.dispatcher.delivery_records import Work, work_of
from services.dispatcher.ordered_handler import Attempted
from shared.adapters.clock import Clock
from shared.adapters.json_logs import log
from shared.adapters.ordered_consumer import Partition
from shared.adapters.tracking_consumer import IsLost, Ticket
from shared.core.dead_letters import REPLAYED_HEADER
from shared.core.ordered_metadata import Held
from shared.core.recent_ids import RecentIds
from shared.core.records import OutRecord, Record
from shared.core.topics import DAY_MS, integration_of

#: Records of one key kept in memory, and read again at once when they are used up.
KEPT_PER_KEY = 50
#: Bytes of records kept in memory in one process.
KEPT_BYTES = 64 * 1024 * 1024
#: Finished work remembered in each partition, for as long as the topic keeps records: a repetition that were sent again
#: would come out of order, so here count alone decides.
_RECENT_IDS = 10_000
_RECENT_MS = 7 * DAY_MS
#: Longest time between two looks at what is due and at membership, in seconds.
_TICK_SECONDS = 0.25
_logger = logging.getLogger("hookfleet.ordered")


@dataclass(slots=True)
class _Assigned:
    """A partition under one assignment."""

    partition: Partition
    queues: OrderedPartition
    records: dict[int, Record] = field(default_factory=dict)
    attempts: dict[int, asyncio.Task[None]] = field(default_factory=dict)


class OrderedSender:
    """A `shared.adapters.ordered_consumer.OrderedReader` that works on an event loop.

    ``lock`` guards everything that several threads touch, and is the consumer's too.
    """

    def __init__(
        self,
        *,
        loop: asyncio.AbstractEventLoop,
        lock: threading.Lock,
        handle: Callable[[Record, Held | None, Callable[[Work], bool]], Awaitable[Attempted]],
        limits_of: Callable[[str, str], Limits | None],
        read_again: Callable[[Partition, Sequence[int]], Awaitable[list[Record]]],
        submit: Callable[[Sequence[OutRecord], Callable[[], None]], None],
        changed: Callable[[Partition], None],
        is_confirmed: Callable[[], bool],
        may_be_lost: Callable[[], bool],
        crash: Callable[[BaseException], None],
        max_in_flight: int,
        clock: Clock,
    ) -> None:
        self._loop = loop
        self._lock = lock
        self._handle = handle
        self._limits_of = limits_of
        self._read_again = read_again
        self._submit = submit
        self._changed = changed
        self._is_confirmed = is_confirmed
        self._may_be_lost = may_be_lost
        self._crash = crash
        self._max_in_flight = max_in_flight
        self._clock = clock
        self._assigned: dict[Partition, _Assigned] = {}
        self._turns: deque[Partition] = deque()
        self._recent: dict[int, RecentIds] = {}
        self.gates: Gates[None] = Gates()
        self._kept_bytes = 0
        self._busy = 0
        self._timer: asyncio.TimerHandle | None = None
        #: Attempts whose records are acknowledged.
        self._settled: list[tuple[_Assigned, Record, Attempted]] = []

    # -- what the consumer calls -------------------------------------------------------------------------------

    def has_room(self, topic: str) -> bool:
        """Each partition's window is the bound."""
        return True

    def took_over(self, partition: int) -> None:
        with self._lock:
            self.gates.begin_anew(partition)

    def begin_with(self, partition: Partition, offset: int, metadata: str) -> OrderedPartition:
        queues = OrderedPartition(offset, metadata)
        with self._lock:
            self._assigned[partition] = _Assigned(partition, queues)
            self._turns = deque(self._assigned)
        return queues

    def recall(self, finished: Sequence[Record]) -> None:
        for record in finished:
            if (work := work_of(record)) is not None:
                with self._lock:
                    self._recent_of(record.partition).add(work, self._clock())

    def take(self, work: Sequence[tuple[Record, Ticket]]) -> None:
        with self._lock:
            for record, ticket in work:
                assigned = self._assigned[ticket.partition]
                if assigned.queues.add(record.offset, record.key or b"") < KEPT_PER_KEY:
                    self._keep(assigned, record)
        self._loop.call_soon_threadsafe(self._begin)

    def confirmed(self) -> None:
        self._loop.call_soon_threadsafe(self._begin)

    def forget(self, is_lost: IsLost) -> int:
        """Heads that wait are in the commit and queues are on the topic: there is nothing to be finished for them."""
        with self._lock:
            for partition, assigned in self._assigned.items():
                if is_lost(Ticket(assigned.queues, partition, 0)):
                    assigned.queues.close()
                    self._kept_bytes -= sum(_size(each) for each in assigned.records.values())
                    assigned.records.clear()
        return 0

    def break_off(self, partitions: Set[Partition]) -> bool:
        with self._lock:
            on_the_wire = [
                task for each in partitions & self._assigned.keys() for task in self._assigned[each].attempts.values()
            ]
        for task in on_the_wire:
            self._loop.call_soon_threadsafe(task.cancel)
        return not on_the_wire

    # -- on the event loop -------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._may_be_lost():
            self.break_off(set(self._assigned))
        if self._is_confirmed():
            with self._lock:
                idle = 0
                while self._busy < self._max_in_flight and idle < len(self._turns):
                    assigned = self._assigned[self._turns[0]]
                    self._turns.rotate(-1)
                    idle = 0 if self._begin_one(assigned) else idle + 1
        self._wake_when_due()

    def _begin_one(self, assigned: _Assigned) -> bool:
        """With the lock held; False when the partition has nothing to begin."""
        now_ms = self._clock()
        offset = assigned.queues.begin_next(now_ms)
        if offset is None:
            return False
        passage = self._pass(assigned, offset, now_ms)
        if passage is None:
            return True
        record = assigned.records.pop(offset, None)
        if record is not None:
            self._kept_bytes -= _size(record)
        self._busy += 1
        task = assigned.attempts[offset] = self._loop.create_task(self._attempt(assigned, offset, record, passage))
        task.add_done_callback(functools.partial(self._ended, assigned, offset, record, passage))
        return True

    def _pass(self, assigned: _Assigned, offset: int, now_ms: int) -> Passage | None:
        """With the lock held; None when the record's integration has no room, and it was put off in its place."""
        name = integration_of(assigned.queues.key_of(offset))
        room = Room(self._max_in_flight - self._busy, self._max_in_flight, 0)
        gates, limits = self.gates, self._limits_of(*name)
        passed = gates.pass_in_place(assigned.partition.partition, name, limits, room, now_ms)
        if isinstance(passed, Passage):
            return passed
        assigned.queues.postpone(offset, now_ms + min(passed, round(_TICK_SECONDS * 1000)))
        return None

    def _wake_when_due(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            dues = [due for each in self._assigned.values() if (due := each.queues.next_due_ms()) is not None]
        wait = min(((due - self._clock()) / 1000 for due in dues), default=_TICK_SECONDS)
        # What is due but has no room or no confirmation is begun when that comes; until then looking suffices.
        self._timer = self._loop.call_later(wait if 0 < wait < _TICK_SECONDS else _TICK_SECONDS, self._begin)

    async def _attempt(self, assigned: _Assigned, offset: int, record: Record | None, passage: Passage) -> None:
        if record is None:
            record = await self._fetch(assigned, offset)
        with self._lock:
            held = assigned.queues.held(offset)
            recent = self._recent_of(record.partition)
        replayed = REPLAYED_HEADER in record.headers
        attempted = await self._handle(record, held, lambda work: not replayed and work in recent)
        passage.end(attempted.sign, self._clock())
        with self._lock:
            # Nothing of it is on the wire any more.
            del assigned.attempts[offset]
        self._submit(attempted.records, lambda: self._acknowledged(assigned, record, attempted))

    async def _fetch(self, assigned: _Assigned, offset: int) -> Record:
        """A record that was not kept, and those behind it."""
        with self._lock:
            wanted = [each for each in assigned.queues.following(offset, KEPT_PER_KEY) if each not in assigned.records]
        found = await self._read_again(assigned.partition, wanted)
        with self._lock:
            for record in found[1:]:
                self._keep(assigned, record)
        return found[0]

    def _ended(
        self, assigned: _Assigned, offset: int, record: Record | None, passage: Passage, task: asyncio.Task[None]
    ) -> None:
        """However an attempt's task ended; what it led to is on its way unless it was broken off or raised."""
        passage.end(Sign.NOT_ASKED, self._clock())
        error = None if task.cancelled() else task.exception()
        if error is None and not task.cancelled():
            return
        with self._lock:
            assigned.attempts.pop(offset, None)
            assigned.queues.abandon(offset)
            if record is not None:
                self._keep(assigned, record)
        self._busy -= 1
        if error is not None:
            self._crash(error)
            return
        log(_logger, logging.INFO, "broken_off", partition=assigned.partition.partition, offset=offset)
        self._begin()

    def _acknowledged(self, assigned: _Assigned, record: Record, attempted: Attempted) -> None:
        """Called from the producer's thread."""
        with self._lock:
            self._settled.append((assigned, record, attempted))
            is_first = len(self._settled) == 1
        if is_first:
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        with self._lock:
            settled, self._settled = self._settled, []
            for assigned, record, attempted in settled:
                if attempted.held is not None:
                    assigned.queues.hold(record.offset, attempted.held)
                    self._keep(assigned, record)
                    continue
                assigned.queues.finish(record.offset)
                if attempted.work is not None:
                    self._recent_of(record.partition).add(attempted.work, self._clock())
        self._busy -= len(settled)
        for partition in {assigned.partition for assigned, _, _ in settled}:
            self._changed(partition)
        self._begin()

    # -- with the lock held ------------------------------------------------------------------------------------

    def _keep(self, assigned: _Assigned, record: Record) -> None:
        if self._kept_bytes < KEPT_BYTES and not assigned.queues.is_closed:
            assigned.records[record.offset] = record
            self._kept_bytes += _size(record)

    def _recent_of(self, partition: int) -> RecentIds:
        return self._recent.setdefault(partition, RecentIds(_RECENT_IDS, _RECENT_MS))


def _size(record: Record) -> int:
    return len(record.value or b"") + sum(len(raw) for _, raw in record.header_list)
