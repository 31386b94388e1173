"""Queues by key: only heads begin, nothing begins before its predecessor is committed, nothing is forgotten."""

import random

from services.dispatcher.core.ordered_partition import GROWTH, WINDOW, OrderedPartition
from shared.core.offset_tracking import METADATA_LIMIT
from shared.core.ordered_metadata import Held, HeldAttempt
from tests.unit.dispatcher.ordered_partitions import BROKER_LIMIT, NOW_MS, A, B, after, begun, commit, partition, read


def test_only_the_head_of_each_key_begins() -> None:
    assert begun(partition(A, A, B, A, B)) == [0, 2]


def test_the_next_of_a_key_begins_when_the_end_of_the_one_before_is_committed_and_not_before() -> None:
    made = partition(A, A)
    assert begun(made) == [0]
    made.finish(0)
    assert made.waits_for_commit()
    assert begun(made) == []
    commit(made)
    assert not made.waits_for_commit()
    assert begun(made) == [1]


def test_a_commit_taken_before_the_end_lets_nothing_begin() -> None:
    made = partition(A, A)
    begun(made)
    ends = made.ends
    made.commit_point()
    made.finish(0)
    made.acknowledged(ends)
    assert begun(made) == []


def test_a_record_that_comes_after_the_end_of_the_one_before_waits_for_the_commit_too() -> None:
    made = partition(A)
    begun(made)
    made.finish(0)
    read(made, (A,), 1)
    assert begun(made) == []
    commit(made)
    assert begun(made) == [1]


def test_while_a_head_waits_the_other_keys_go_on() -> None:
    made = partition(A, A, B, B)
    assert begun(made) == [0, 2]
    made.hold(0, after(None, NOW_MS, 60_000))
    made.finish(2)
    commit(made)
    assert begun(made) == [3]


def test_a_head_that_waits_begins_again_when_it_is_due() -> None:
    made = partition(A, A)
    begun(made)
    made.hold(0, after(None, NOW_MS, 60_000))
    assert made.next_due_ms() == NOW_MS + 75_000
    assert begun(made, NOW_MS + 74_999) == []
    assert begun(made, NOW_MS + 75_000) == [0]


def test_how_far_a_head_is_survives_in_the_commit() -> None:
    first = partition(A, B, A)
    begun(first)
    held = after(after(None, NOW_MS, 1_000), NOW_MS + 20_000, 4_000)
    first.hold(0, held)
    first.finish(1)
    second = partition(A, B, A, metadata=first.commit_point()[1])
    assert begun(second, held.due_ms - 1) == []
    assert begun(second, held.due_ms) == [0]
    assert second.held(0) == held


def test_a_head_that_has_ended_leaves_nothing_in_the_commit() -> None:
    made = partition(A, B)
    begun(made)
    held = after(None, NOW_MS, 0)
    made.hold(1, held)
    assert begun(made, held.due_ms) == [1]
    made.finish(1)
    assert made.commit_point() == (0, "1:AQE=")


def test_what_was_broken_off_begins_again_first() -> None:
    made = partition(A, B)
    assert begun(made) == [0, 1]
    made.abandon(0)
    assert made.unfinished == 1
    assert begun(made) == [0]


def test_once_closed_nothing_begins_and_what_has_begun_may_end() -> None:
    made = partition(A, A, B)
    assert made.begin_next(NOW_MS) == 0
    made.close()
    made.finish(0)
    commit(made)
    assert begun(made) == []
    assert made.unfinished == 0


def test_a_partition_reads_ahead_up_to_its_window() -> None:
    made = partition(*[A] * (WINDOW - 1))
    assert not made.is_full()
    read(made, (A,), WINDOW - 1)
    assert made.is_full()


def test_a_long_queue_behind_one_head_does_not_stop_the_others() -> None:
    made = partition(*[A] * 5_000, *[b"%d" % number for number in range(20)])
    assert len(begun(made)) == 21


def test_of_a_key_the_next_few_can_be_asked_for() -> None:
    made = partition(A, B, A, A, A)
    assert begun(made) == [0, 1]
    assert made.following(0, 3) == [0, 2, 3]


def test_offsets_that_do_not_exist_cost_nothing() -> None:
    made = partition(A)
    read(made, (B,), 1_000_000)
    assert begun(made) == [0, 1_000_000]
    made.finish(1_000_000)
    assert made.commit_point() == (0, "1:AcCEPQ==")


def test_one_attempt_never_adds_more_than_is_reserved_for_it() -> None:
    """The largest of everything: a month between attempts, an hour's wait, a billion records in between."""
    month_ms = 30 * 24 * 3_600_000
    grown = []
    for offset in (1, 2**31):
        made = OrderedPartition(0, "")
        for each in (0, offset):
            made.start(each)
            made.add(each, b"%d" % each)
        assert begun(made) == [0, offset]
        before = len(made.commit_point()[1])
        first = Held((HeldAttempt(NOW_MS, 120_000, "http.503"),), NOW_MS + 3_720_000, 2**20, 3_720_000)
        made.hold(offset, first)
        grown.append(len(made.commit_point()[1]) - before)
        assert begun(made, first.due_ms) == [offset]
        before = len(made.commit_point()[1])
        again = HeldAttempt(first.due_ms + month_ms, 120_000, "http.429")
        made.hold(offset, Held((*first.attempts, again), again.started_ms + 3_720_000, 2**20, 2**23))
        grown.append(len(made.commit_point()[1]) - before)
    assert max(grown) <= GROWTH


def test_new_keys_stop_beginning_before_the_commit_is_full_and_everything_ends_all_the_same() -> None:
    """Far more keys than the metadata hold, each failing 50 times before it succeeds, records of others in between."""
    chance = random.Random(5)
    keys = [b"key-%d" % chance.randrange(600) for _ in range(1_500)]
    made = partition(*keys)
    sent: dict[bytes, int] = {}
    now_ms, most_at_once, largest = NOW_MS, 0, 0
    ended = 0
    while ended < len(keys):
        now_ms += 20_000
        under_way = begun(made, now_ms)
        assert under_way or made.waits_for_commit() or made.next_due_ms() is not None
        most_at_once = max(most_at_once, len(under_way))
        for offset in chance.sample(under_way, len(under_way)):
            key = keys[offset]
            assert sent.get(key, -1) <= offset
            sent[key] = offset
            held = made.held(offset)
            if offset % 2 and (held is None or len(held.attempts) < 50):
                made.hold(offset, after(held, now_ms, 4_000))
            else:
                made.finish(offset)
                ended += 1
            largest = max(largest, len(made.commit_point()[1]))
        commit(made)
    assert METADATA_LIMIT < largest <= BROKER_LIMIT
    assert most_at_once <= METADATA_LIMIT // GROWTH
    assert made.commit_point() == (len(keys), "")
