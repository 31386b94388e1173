"""The ordered role's engine with a real event loop and threads; what it calls is the test's."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from kafka import TopicPartition

from services.dispatcher.core.gate import Limits
from services.dispatcher.core.ordered_partition import OrderedPartition
from services.dispatcher.ordered_handler import Attempted
from services.dispatcher.ordered_sender import KEPT_PER_KEY, OrderedSender
from shared.adapters.clock import now_ms
from shared.adapters.tracking_consumer import Ticket
from shared.core.faults import InfrastructureError
from shared.core.ordered_metadata import Held, HeldAttempt
from shared.core.records import OutRecord, Record
from tests.waiting import wait_for

PARTITION = TopicPartition("deliveries-ordered", 0)


class Engine:
    """A sender whose attempts hang until the test lets them end. Commits are acknowledged when the test says so."""

    def __init__(self) -> None:
        self.confirmed = True
        self.may_be_lost = False
        self.limits: Limits | None = None
        self.begun: list[int] = []
        self.broken_off: list[int] = []
        self.read_again: list[list[int]] = []
        self.crashed: list[BaseException] = []
        self._gates: dict[int, asyncio.Future[Attempted]] = {}
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.sender = OrderedSender(
            loop=self._loop,
            lock=self._lock,
            handle=self._handle,
            limits_of=lambda organization, integration: self.limits,
            read_again=self._read_again,
            submit=lambda records, done: done(),
            changed=lambda partition: None,
            is_confirmed=lambda: self.confirmed,
            may_be_lost=lambda: self.may_be_lost,
            crash=self.crashed.append,
            max_in_flight=100,
            clock=now_ms,
        )
        self.queues: OrderedPartition = self.sender.begin_with(PARTITION, 0, "")

    async def _handle(
        self, record: Record, held: Held | None, is_finished: Callable[[tuple[str, int]], bool]
    ) -> Attempted:
        self.begun.append(record.offset)
        gate = self._gates[record.offset] = self._loop.create_future()
        try:
            attempted: Attempted = await gate
        except asyncio.CancelledError:
            self.broken_off.append(record.offset)
            raise
        return attempted

    async def _read_again(self, partition: object, offsets: Sequence[int]) -> list[Record]:
        self.read_again.append(list(offsets))
        return [record(offset) for offset in offsets]

    def take(self, *offsets: int, key: bytes = b"k") -> None:
        with self._lock:
            fresh = [offset for offset in offsets if self.queues.start(offset)]
        self.sender.take([(record(offset, key), Ticket(self.queues, PARTITION, offset)) for offset in fresh])

    def end(self, offset: int, attempted: Attempted | Exception | None = None) -> None:
        def settle() -> None:
            if isinstance(attempted, Exception):
                self._gates[offset].set_exception(attempted)
            else:
                self._gates[offset].set_result(attempted or Attempted([OutRecord("run-log", b"k", b"done")]))

        self._loop.call_soon_threadsafe(settle)

    def commit(self) -> None:
        with self._lock:
            ends = self.queues.ends
            self.queues.commit_point()
            self.queues.acknowledged(ends)
        self.sender.confirmed()

    def under_way(self) -> int:
        with self._lock:
            return self.queues.unfinished

    def idle(self) -> None:
        """Until the loop has done everything that it was asked to do before."""
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result()

    def close(self) -> None:
        self.sender.forget(lambda _: True)
        wait_for(lambda: self.sender.break_off({PARTITION}), "nothing is under way")
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()


def record(offset: int, key: bytes = b"k") -> Record:
    return Record(PARTITION.topic, 0, offset, key, b"{}", (), 0)


@pytest.fixture
def engine() -> Iterator[Engine]:
    made = Engine()
    yield made
    made.close()


def test_the_next_of_a_key_begins_when_the_one_before_has_ended_and_is_committed(engine: Engine) -> None:
    engine.take(0, 1)
    wait_for(lambda: engine.begun == [0], "the head begins")
    engine.end(0)
    wait_for(lambda: engine.under_way() == 0, "it has ended")
    engine.idle()
    assert engine.begun == [0]
    engine.commit()
    wait_for(lambda: engine.begun == [0, 1], "then the next begins")


def test_nothing_begins_before_membership_is_confirmed(engine: Engine) -> None:
    engine.confirmed = False
    engine.take(0)
    engine.idle()
    assert engine.begun == []
    engine.confirmed = True
    engine.sender.confirmed()
    wait_for(lambda: engine.begun == [0], "it begins")


def test_what_is_on_the_wire_is_broken_off_when_the_partition_may_be_lost_and_begins_again(engine: Engine) -> None:
    engine.take(0)
    wait_for(lambda: engine.begun == [0], "it begins")
    engine.confirmed, engine.may_be_lost = False, True
    wait_for(lambda: engine.broken_off == [0], "it is broken off")
    engine.confirmed, engine.may_be_lost = True, False
    wait_for(lambda: engine.begun == [0, 0], "it begins again")


def test_a_partition_that_leaves_has_nothing_on_the_wire_and_begins_nothing(engine: Engine) -> None:
    engine.take(0, key=b"a")
    engine.take(1, 2, key=b"b")
    wait_for(lambda: engine.begun == [0, 1], "the heads begin")
    engine.sender.forget(lambda ticket: ticket.partition == PARTITION)
    engine.end(0)
    wait_for(lambda: engine.under_way() == 1, "one ends by itself")
    engine.commit()
    wait_for(lambda: engine.sender.break_off({PARTITION}), "the other is broken off")
    assert (engine.begun, engine.broken_off) == ([0, 1], [1])


def test_a_run_that_is_to_be_tried_again_is_held_until_it_is_due(engine: Engine) -> None:
    engine.take(0, 1)
    wait_for(lambda: engine.begun == [0], "the head begins")
    due_ms = now_ms() + 300
    engine.end(0, Attempted([], ("run", 0), Held((HeldAttempt(now_ms(), 1, "http.503"),), due_ms, 0, 0)))
    wait_for(lambda: len(engine.begun) == 2, "it is tried again")
    assert engine.begun == [0, 0]
    assert now_ms() >= due_ms


def test_of_a_long_queue_a_part_is_in_memory_and_the_rest_is_read_again(engine: Engine) -> None:
    total = 2 * KEPT_PER_KEY + 10
    engine.take(*range(total))
    for offset in range(total):
        wait_for(lambda: len(engine.begun) == offset + 1, f"{offset} begins")  # noqa: B023 - used at once
        engine.end(offset)
        wait_for(lambda: engine.under_way() == 0, f"{offset} ends")
        engine.commit()
    assert engine.begun == list(range(total))
    assert engine.read_again == [
        list(range(KEPT_PER_KEY, 2 * KEPT_PER_KEY)),
        list(range(2 * KEPT_PER_KEY, total)),
    ]


def test_a_failure_of_what_the_fleet_stands_on_takes_the_process_down_and_leaves_nothing_under_way(
    engine: Engine,
) -> None:
    engine.take(0)
    wait_for(lambda: engine.begun == [0], "it begins")
    engine.sender.forget(lambda _: True)
    failure = InfrastructureError("the config table is behind")
    engine.end(0, failure)
    wait_for(lambda: engine.crashed == [failure], "the process is told to end")
    wait_for(lambda: engine.under_way() == 0, "a drain has nothing to wait for")
