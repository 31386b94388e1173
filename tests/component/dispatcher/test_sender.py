"""The send role's engine with real threads and a real event loop; what it calls is the test's."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
from kafka import TopicPartition

from services.dispatcher.core.lanes import LANE_ROOM
from services.dispatcher.sender import Sender
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.tracking_consumer import Ticket
from shared.core.dead_letters import REPLAYED_HEADER, Reason, read_dead_letter
from shared.core.faults import InfrastructureError
from shared.core.messages.delivery import DeliveryRequest
from shared.core.offset_tracking import OffsetTracker
from shared.core.records import OutRecord, Record
from tests.unit.dispatcher import samples
from tests.waiting import wait_for

FIRST, DUE = "deliveries", "deliveries-due"
OUT = OutRecord("run-log", b"k", b"done")


class Work:
    """A sender whose requests end when the test says so and whose records are acknowledged when it says so."""

    def __init__(self, max_in_flight: int = 100) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever)
        self._thread.start()
        self.begun: list[tuple[str, int]] = []
        self.running = 0
        self.most_running = 0
        self.produced: list[OutRecord] = []
        self.unacknowledged: list[Callable[[], None]] = []
        self.finished: list[int] = []
        self.crashes: list[BaseException] = []
        self.raises: BaseException | None = None
        self.acknowledge_at_once = True
        self._gate = asyncio.Event()
        self._offset = 0
        self._tracker = OffsetTracker(0)
        self.sender = Sender(
            loop=self.loop,
            handle=self._handle,
            submit=self._submit,
            finish=lambda ticket: self.finished.append(ticket.offset),
            crash=self.crashes.append,
            dead_letters=DeadLetterBox("dead-letters", "dispatcher"),
            due_topic=DUE,
            max_in_flight=max_in_flight,
            clock=lambda: 0,
        )

    async def _handle(self, request: DeliveryRequest, value: bytes) -> list[OutRecord]:
        self.begun.append((request.run_id, request.step))
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await self._gate.wait()
            if self.raises is not None:
                raise self.raises
        finally:
            self.running -= 1
        return [OUT]

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

    def record(self, run_id: str, step: int = 0, *, topic: str = FIRST, partition: int = 0) -> tuple[Record, Ticket]:
        headers = tuple(samples.request(run_id=run_id, step=step).headers())
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


@pytest.fixture
def work() -> Iterator[Work]:
    made = Work()
    yield made
    made.close()


@pytest.fixture
def narrow() -> Iterator[Work]:
    """With room for three at once."""
    made = Work(max_in_flight=3)
    yield made
    made.close()


def test_a_request_is_finished_when_what_it_led_to_is_acknowledged_and_not_before(work: Work) -> None:
    work.acknowledge_at_once = False
    work.sender.take([work.record("a")])
    work.open()
    wait_for(lambda: work.produced == [OUT], "its records are produced")
    assert work.finished == []
    work.acknowledge()
    wait_for(lambda: work.finished == [0], "it is finished")


def test_a_repetition_of_one_under_way_shares_its_execution_and_its_end(work: Work) -> None:
    work.acknowledge_at_once = False
    work.sender.take([work.record("a"), work.record("a")])
    wait_for(lambda: work.begun, "the first begins")
    work.sender.take([work.record("a", topic=DUE)])
    work.open()
    wait_for(lambda: len(work.unacknowledged) == 1, "it is produced once")
    assert work.finished == []
    work.acknowledge()
    wait_for(lambda: sorted(work.finished) == [0, 1, 2], "all three are finished together")
    assert work.begun == [("a", 0)]


def test_a_repetition_of_a_finished_one_is_finished_without_doing_it_again(work: Work) -> None:
    work.open()
    work.sender.take([work.record("a")])
    wait_for(lambda: work.finished == [0], "the first is finished")
    work.sender.take([work.record("a"), work.record("a", topic=DUE)])
    wait_for(lambda: work.finished == [0, 1, 2], "the repetitions are finished")
    assert work.begun == [("a", 0)]
    assert work.produced == [OUT]


def test_a_repetition_of_what_another_worker_finished_is_finished_without_doing_it(work: Work) -> None:
    work.open()
    finished = [work.record("a", 1)[0], work.raw(b"{}", ())[0]]
    work.sender.recall(finished)
    work.sender.take([work.record("a", 1, topic=DUE), work.record("a", 1, partition=1)])
    wait_for(lambda: len(work.finished) == 2, "both are finished")
    assert work.produced == [OUT], "the other partition's was done: a run stays in one partition number"


def test_a_replayed_dead_letter_is_done_again_although_it_was_finished(work: Work) -> None:
    """Setting a record aside finishes it, so without the mark its replay would be taken for a repetition."""
    work.open()
    work.raises = RuntimeError("a fault of ours, since corrected")
    work.sender.take([work.record("a")])
    wait_for(lambda: work.finished == [0], "the record is set aside")
    work.raises = None
    headers = (*samples.request(run_id="a").headers(), (REPLAYED_HEADER, b"true"))
    work.sender.take([work.raw(b"{}", headers)])
    wait_for(lambda: work.finished == [0, 1], "the replay is finished")
    assert work.begun == [("a", 0), ("a", 0)]
    assert work.produced[-1] == OUT


def test_another_step_of_a_run_is_other_work(work: Work) -> None:
    work.open()
    work.sender.take([work.record("a", 0)])
    wait_for(lambda: work.finished == [0], "step 0 is finished")
    work.sender.take([work.record("a", 1)])
    wait_for(lambda: work.finished == [0, 1], "step 1 is finished")
    assert work.begun == [("a", 0), ("a", 1)]


MALFORMED = {
    "no header": (b"{}", ()),
    "no value": (None, tuple(samples.request().headers())),
    "not JSON": (b"{}", (("delivery", b"{"),)),
    "not UTF-8": (b"{}", (("delivery", b"\xff\xfe"),)),
    "empty header": (b"{}", (("delivery", b""),)),
    "not a request": (b"{}", (("delivery", b'{"run_id": 7}'),)),
    "another version": (b"{}", (("delivery", samples.request().encode().replace(b'"v":1', b'"v":9')),)),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_record_becomes_a_dead_letter_with_its_bytes_and_stops_nothing(work: Work, name: str) -> None:
    value, headers = MALFORMED[name]
    work.open()
    work.sender.take([work.raw(value, headers), work.record("good")])
    wait_for(lambda: sorted(work.finished) == [0, 1], "both are finished")
    assert work.begun == [("good", 0)]
    (dead,) = [record for record in work.produced if record.topic == "dead-letters"]
    letter = read_dead_letter(dead.headers, dead.value)
    assert letter.reason is Reason.INVALID
    assert (letter.value, letter.original_headers) == (value, headers)


def test_what_our_own_code_raises_on_one_record_is_a_dead_letter_with_the_traceback(work: Work) -> None:
    work.raises = ZeroDivisionError("ours")
    work.open()
    work.sender.take([work.record("a")])
    wait_for(lambda: work.finished == [0], "it is finished")
    (dead,) = work.produced
    letter = read_dead_letter(dead.headers, dead.value)
    assert letter.reason is Reason.INTERNAL
    assert "ZeroDivisionError: ours" in letter.detail
    assert work.crashes == []


def test_a_failure_of_the_infrastructure_takes_the_process_down_and_finishes_nothing(work: Work) -> None:
    work.raises = InfrastructureError("the config table is behind")
    work.open()
    work.sender.take([work.record("a")])
    wait_for(lambda: work.crashes == [work.raises], "the process is told")
    assert (work.produced, work.finished) == ([], [])


def test_no_more_than_the_slots_are_worked_on_at_once_and_all_get_their_turn(narrow: Work) -> None:
    narrow.sender.take([narrow.record(f"run-{number}") for number in range(20)])
    wait_for(lambda: narrow.running == 3, "three begin")
    narrow.open()
    wait_for(lambda: len(narrow.finished) == 20, "all are finished")
    assert narrow.most_running == 3


def test_a_slot_is_held_until_acknowledgement(narrow: Work) -> None:
    narrow.acknowledge_at_once = False
    narrow.open()
    narrow.sender.take([narrow.record(f"run-{number}") for number in range(10)])
    wait_for(lambda: len(narrow.unacknowledged) == 3, "three are done and not acknowledged")
    assert len(narrow.begun) == 3
    narrow.acknowledge()
    wait_for(lambda: len(narrow.begun) == 6, "the next three begin")


def test_malformed_records_hold_slots_too_so_that_dead_letters_are_bounded(narrow: Work) -> None:
    narrow.acknowledge_at_once = False
    narrow.sender.take([narrow.raw(b"{}", ()) for _ in range(10)])
    wait_for(lambda: len(narrow.unacknowledged) == 3, "three are set aside")
    assert len(narrow.produced) == 3


def test_due_retries_go_before_a_backlog_of_first_attempts(narrow: Work) -> None:
    narrow.sender.take([narrow.record(f"first-{number}") for number in range(50)])
    narrow.sender.take([narrow.record("due", topic=DUE)])
    wait_for(lambda: narrow.running == 3, "three begin")
    narrow.open()
    wait_for(lambda: len(narrow.finished) == 51, "all are finished")
    assert ("due", 0) in narrow.begun[:5]


def test_a_full_lane_has_no_room_and_the_other_still_has(narrow: Work) -> None:
    narrow.sender.take([narrow.record(f"run-{number}") for number in range(LANE_ROOM + 3)])
    wait_for(lambda: narrow.running == 3, "three begin and a thousand wait")
    assert not narrow.sender.has_room(FIRST)
    assert narrow.sender.has_room(DUE)
    assert narrow.sender.forget(lambda ticket: True) == LANE_ROOM
    assert narrow.sender.has_room(FIRST)


def test_what_is_lost_before_it_begins_is_forgotten_and_what_has_begun_goes_on(narrow: Work) -> None:
    narrow.sender.take([narrow.record(f"run-{number}", partition=number % 2) for number in range(9)])
    wait_for(lambda: narrow.running == 3, "three begin")
    assert narrow.sender.forget(lambda ticket: ticket.partition.partition == 1) == 3
    narrow.open()
    wait_for(lambda: sorted(narrow.finished) == [0, 1, 2, 4, 6, 8], "the others are finished")
