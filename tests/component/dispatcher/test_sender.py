"""The send role's engine with real threads and a real event loop; what it calls is the test's."""

from collections.abc import Iterator

import pytest

from services.dispatcher.core.lanes import LANE_ROOM
from shared.core.dead_letters import REPLAYED_HEADER, Reason, read_dead_letter
from shared.core.faults import InfrastructureError
from tests.component.dispatcher.sender_work import DUE, FIRST, OUT, Work
from tests.counted import Counted
from tests.unit.dispatcher import samples
from tests.waiting import wait_for


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
    skipped = Counted("hookfleet_duplicates_skipped_total")
    work.open()
    work.sender.take([work.record("a")])
    wait_for(lambda: work.finished == [0], "the first is finished")
    work.sender.take([work.record("a"), work.record("a", topic=DUE)])
    wait_for(lambda: sorted(work.finished) == [0, 1, 2], "the repetitions are finished")
    assert work.begun == [("a", 0)]
    assert work.produced == [OUT]
    assert skipped.since == 2


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
