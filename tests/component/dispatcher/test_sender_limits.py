"""The send role's engine and what integrations set: who begins, who waits in memory, who is put off."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.dispatcher.core.gate import Limits
from shared.core.dead_letters import Reason, read_dead_letter
from tests.component.dispatcher.sender_work import DUE, LATER, Work
from tests.waiting import wait_for

INITIAL_WINDOW = 10


@pytest.fixture
def work() -> Iterator[Work]:
    made = Work()
    made.limit = Limits()
    yield made
    made.close()


@pytest.fixture
def narrow() -> Iterator[Work]:
    """With room for three at once."""
    made = Work(max_in_flight=3)
    yield made
    made.close()


def test_a_receiver_that_does_not_answer_takes_its_window_and_leaves_the_lanes_to_others(work: Work) -> None:
    work.sender.take([work.record(f"hanging-{number}", integration="hanging") for number in range(200)])
    wait_for(lambda: work.running == INITIAL_WINDOW, "its window is full")
    work.sender.take([work.record("other", integration="other")])
    wait_for(lambda: ("other", 0) in work.begun, "the other one begins")
    assert work.running == INITIAL_WINDOW + 1


def test_what_is_held_begins_when_those_before_it_end(work: Work) -> None:
    work.limit = Limits(concurrency=2)
    work.sender.take([work.record(f"run-{number}") for number in range(20)])
    wait_for(lambda: work.running == 2, "two begin")
    work.open()
    wait_for(lambda: len(work.finished) == 20, "all are finished")
    assert work.most_running == 2
    assert work.begun == [(f"run-{number}", 0) for number in range(20)], "in their order"
    assert work.deferrals == []


def test_a_run_beyond_the_rate_is_put_off_and_finished_by_that(work: Work) -> None:
    work.limit = Limits(per_second=0.1)
    work.sender.take([work.record("a")])
    wait_for(lambda: work.finished == [0], "it is finished")
    ((run_id, defer),) = work.deferrals
    assert (run_id, defer.wait_ms, defer.by_receiver) == ("a", 10_000, False)
    assert work.produced == [LATER]
    assert work.begun == []


def test_a_repetition_of_a_run_that_was_put_off_is_finished_without_putting_it_off_again(work: Work) -> None:
    work.limit = Limits(per_second=0.1)
    work.sender.take([work.record("a")])
    wait_for(lambda: work.finished == [0], "it is finished")
    work.sender.take([work.record("a")])
    wait_for(lambda: work.finished == [0, 1], "the repetition is finished")
    assert len(work.deferrals) == 1


def test_a_repetition_of_a_held_run_is_sent_once(work: Work) -> None:
    work.limit = Limits(concurrency=1)
    work.sender.take([work.record("first"), work.record("a"), work.record("a", topic=DUE)])
    wait_for(lambda: work.running == 1, "one begins")
    work.open()
    wait_for(lambda: sorted(work.finished) == [0, 1, 2], "all are finished")
    assert sorted(work.begun) == [("a", 0), ("first", 0)]


def test_a_held_run_that_waits_too_long_is_put_off(work: Work) -> None:
    work.limit = Limits(concurrency=1)
    work.sender.take([work.record("first"), work.record("a")])
    wait_for(lambda: work.running == 1, "one begins and one is held")
    work.now_ms = 60_000
    wait_for(lambda: [run_id for run_id, _ in work.deferrals] == ["a"], "the held one is put off")


def test_held_runs_of_lost_partitions_are_forgotten(work: Work) -> None:
    work.limit = Limits(concurrency=1)
    work.sender.take([work.record(f"run-{number}") for number in range(5)])
    wait_for(lambda: work.running == 1, "one begins and four are held")
    wait_for(lambda: work.sender.forget(lambda ticket: True) == 4, "the four are forgotten")
    work.open()
    wait_for(lambda: work.finished == [0], "the first is finished")
    assert work.begun == [("run-0", 0)]


def test_a_limit_that_is_lifted_lets_the_held_go(work: Work) -> None:
    work.limit = Limits(concurrency=1)
    work.sender.take([work.record(f"run-{number}") for number in range(5)])
    wait_for(lambda: work.running == 1, "one begins")
    work.limit = None
    wait_for(lambda: work.running == 5, "the others follow")


@pytest.mark.parametrize(("anew", "begin"), [(False, 6), (True, 1)])
def test_a_partition_that_comes_anew_begins_without_what_was_saved_up(work: Work, anew: bool, begin: int) -> None:
    work.limit = Limits(per_second=1, burst=5)
    work.open()
    work.sender.take([work.record("first")])

    def passes() -> bool:
        work.now_ms += 100
        return work.finished == [0]

    wait_for(passes, "the first has its token")
    work.now_ms += 100_000
    if anew:
        work.sender.took_over(0)
    work.sender.take([work.record(f"run-{number}") for number in range(5)])
    wait_for(lambda: len(work.begun) + len(work.deferrals) >= 5, "each begins or is put off, but for one that is held")
    assert len(work.begun) == begin


def _set_aside(work: Work) -> list[tuple[bytes | None, Reason]]:
    """The dead letters: the original value and the reason of each."""
    letters = [read_dead_letter(each.headers, each.value) for each in work.produced if each.topic == "dead-letters"]
    return [(letter.value, letter.reason) for letter in letters]


def test_a_fault_of_ours_in_looking_up_limits_sets_the_record_aside_and_costs_no_slot(narrow: Work) -> None:
    narrow.limits_raise = ZeroDivisionError("ours")
    narrow.sender.take([narrow.record(f"run-{number}") for number in range(7)])
    wait_for(lambda: sorted(narrow.finished) == list(range(7)), "all are set aside")
    assert _set_aside(narrow) == [(b"{}", Reason.INTERNAL)] * 7
    narrow.limits_raise = None
    narrow.sender.take([narrow.record(f"later-{number}") for number in range(5)])
    wait_for(lambda: narrow.running == 3, "every slot is there")


def test_a_fault_of_ours_in_looking_up_limits_of_a_held_run_sets_it_aside(work: Work) -> None:
    work.limit = Limits(concurrency=1)
    work.sender.take([work.record("first"), work.record("a")])
    wait_for(lambda: work.running == 1, "one begins and one is held")
    work.limits_raise = ZeroDivisionError("ours")
    wait_for(lambda: work.finished == [1], "the held one is set aside")
    assert _set_aside(work) == [(b"{}", Reason.INTERNAL)]
    work.open()
    wait_for(lambda: work.finished == [1, 0], "the other one goes on")


def test_a_fault_of_ours_in_putting_a_run_off_sets_the_record_aside_and_costs_no_slot(narrow: Work) -> None:
    narrow.limit = Limits(per_second=0.1)
    narrow.deferral_raises = ZeroDivisionError("ours")
    narrow.sender.take([narrow.record(f"run-{number}") for number in range(7)])
    wait_for(lambda: sorted(narrow.finished) == list(range(7)), "all are set aside")
    assert _set_aside(narrow) == [(b"{}", Reason.INTERNAL)] * 7
    narrow.limit = None
    narrow.sender.take([narrow.record(f"later-{number}") for number in range(5)])
    wait_for(lambda: narrow.running == 3, "every slot is there")


def test_a_fault_of_ours_in_putting_a_held_run_off_sets_it_aside(work: Work) -> None:
    work.limit = Limits(concurrency=1)
    work.sender.take([work.record("first"), work.record("a")])
    wait_for(lambda: work.running == 1, "one begins and one is held")
    work.deferral_raises = ZeroDivisionError("ours")
    work.now_ms = 60_000
    wait_for(lambda: work.finished == [1], "the held one is set aside")
    assert _set_aside(work) == [(b"{}", Reason.INTERNAL)]
