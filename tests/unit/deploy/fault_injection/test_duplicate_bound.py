"""What may be repeated: begun, and not committed as finished, when partitions changed hands. Nothing else."""

from __future__ import annotations

from deploy.local.demo.core.duplicates import ARRIVAL_MS
from deploy.local.demo.core.evidence import RecordedAttempt
from deploy.local.fault_injection.core.duplicate_bound import Commit, Copy, allowed_requests, extra_requests
from deploy.local.receivers.core.received_request import ReceivedRequest

PARTITION = ("deliveries", 0)
WRITTEN, BEGUN, REBALANCED = 1_000, 2_000, 3_000


def copy(offset: int = 5, *, attempt: int = 1, written_ms: int = WRITTEN) -> Copy:
    return Copy("run", attempt, PARTITION, offset, written_ms)


def commit(offset: int, *above: int, at_ms: int = BEGUN + 500) -> Commit:
    return Commit(at_ms, PARTITION, offset, frozenset(above))


def request(at_ms: int = BEGUN) -> ReceivedRequest:
    return ReceivedRequest(at_ms, at_ms + 1, "run", "/hook", 200)


def allowed(*commits: Commit, copies: list[Copy] | None = None, at_ms: int = BEGUN, rebalances: int = 1) -> int:
    times = [REBALANCED + 10_000 * number for number in range(rebalances)]
    return allowed_requests(times, copies or [copy()], commits, [request(at_ms)]).total()


def test_what_was_begun_and_never_committed_may_be_repeated() -> None:
    assert allowed() == 1
    assert allowed(commit(5)) == 1


def test_what_was_committed_as_finished_may_not() -> None:
    assert allowed(commit(6)) == 0
    assert allowed(commit(3, 5)) == 0


def test_a_commit_after_the_rebalance_was_the_next_owners() -> None:
    assert allowed(commit(6, at_ms=REBALANCED + 1)) == 1


def test_the_last_commit_before_the_rebalance_counts() -> None:
    assert allowed(commit(5, at_ms=BEGUN + 1), commit(6, at_ms=BEGUN + 2)) == 0


def test_what_had_not_begun_is_no_repeat_when_it_begins_later() -> None:
    assert allowed(at_ms=REBALANCED + ARRIVAL_MS + 1) == 0


def test_a_request_under_way_may_arrive_just_after_the_rebalance() -> None:
    assert allowed(at_ms=REBALANCED + ARRIVAL_MS) == 1


def test_a_request_of_the_attempt_before_does_not_begin_the_next() -> None:
    assert allowed(copies=[copy(attempt=2, written_ms=BEGUN + 1)]) == 0


def test_each_rebalance_may_repeat_what_is_still_unfinished() -> None:
    assert allowed(rebalances=3) == 3
    assert allowed(commit(6, at_ms=REBALANCED + 5_000), rebalances=3) == 1


def test_one_finished_copy_finishes_the_attempt_on_every_partition_topic() -> None:
    again = Copy("run", 1, ("deliveries-due", 0), 9, WRITTEN)
    assert allowed(commit(6), copies=[copy(), again]) == 0


def test_a_retry_is_no_extra_request_and_a_second_record_of_an_attempt_allows_none() -> None:
    first, second = RecordedAttempt("run", 1), RecordedAttempt("run", 2)
    assert extra_requests([request(), request()], [first, second]).total() == 0
    assert extra_requests([request(), request()], [first, first]).total() == 1


def test_attempts_that_reached_nobody_do_not_pay_for_other_runs() -> None:
    unreached = [RecordedAttempt("other", number) for number in (1, 2, 3)]
    assert extra_requests([request(), request()], [RecordedAttempt("run", 1), *unreached]).total() == 1
