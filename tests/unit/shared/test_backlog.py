"""How old the work of a group's member is, told batch by batch."""

from shared.core.backlog import Backlog, Times

DELIVERIES, DUE = ("deliveries", 0), ("deliveries-due", 0)


def at(ms: int) -> Times:
    return Times(ms, ms)


def test_the_oldest_unfinished_record_is_that_of_the_first_batch_not_wholly_finished() -> None:
    backlog = Backlog()
    backlog.read(DELIVERIES, 0, at(1_000), 10)
    backlog.read(DELIVERIES, 10, at(2_000), 20)
    backlog.finish(DELIVERIES, 9)
    assert backlog.oldest() == {"deliveries": at(1_000)}
    backlog.finish(DELIVERIES, 10)
    assert backlog.oldest() == {"deliveries": at(2_000)}
    backlog.finish(DELIVERIES, 20)
    assert backlog.oldest() == {"deliveries": None}


def test_where_each_record_waits_for_a_time_of_its_own_the_one_at_the_head_counts() -> None:
    backlog = Backlog()
    backlog.head(DUE, 0, at(1))
    backlog.read(DUE, 0, Times(1_000, 5_000), 10)
    backlog.finish(DUE, 3)
    backlog.head(DUE, 3, Times(4_000, 8_000))
    assert backlog.oldest() == {"deliveries-due": Times(4_000, 8_000)}
    backlog.finish(DUE, 10)
    backlog.head(DUE, 10, at(9_000))
    assert backlog.oldest() == {"deliveries-due": None}


def test_of_several_partitions_the_oldest_counts_and_topics_are_apart() -> None:
    backlog = Backlog()
    backlog.read(DELIVERIES, 0, at(3_000), 1)
    backlog.read(("deliveries", 1), 50, at(2_000), 51)
    backlog.read(DUE, 7, Times(1_000, 9_000), 8)
    assert backlog.oldest() == {"deliveries": at(2_000), "deliveries-due": Times(1_000, 9_000)}
    backlog.finish(("deliveries", 1), 51)
    assert backlog.oldest()["deliveries"] == at(3_000)


def test_lag_is_what_lies_between_the_finished_ones_and_the_end() -> None:
    backlog = Backlog()
    backlog.read(DELIVERIES, 100, at(1), 110)
    assert backlog.lags() == {"deliveries": 10}, "what was read is there at least"
    backlog.end(DELIVERIES, 500)
    backlog.finish(DELIVERIES, 105)
    assert backlog.lags() == {"deliveries": 395}
    backlog.finish(DELIVERIES, 101)
    assert backlog.lags() == {"deliveries": 395}, "an older commit takes nothing back"


def test_a_partition_that_left_is_not_ours_to_tell_of() -> None:
    backlog = Backlog()
    backlog.read(DELIVERIES, 0, at(1), 1)
    backlog.read(DUE, 0, at(1), 1)
    backlog.drop([DELIVERIES])
    backlog.finish(DELIVERIES, 1)
    backlog.end(DELIVERIES, 5)
    assert backlog.lags() == {"deliveries-due": 1}
    backlog.keep_only([DELIVERIES])
    assert backlog.oldest() == {}


def test_a_partition_that_comes_back_begins_anew() -> None:
    backlog = Backlog()
    backlog.read(DELIVERIES, 0, at(1), 10)
    backlog.drop([DELIVERIES])
    backlog.read(DELIVERIES, 4, at(5), 6)
    assert backlog.oldest() == {"deliveries": at(5)}
    assert backlog.lags() == {"deliveries": 2}


def test_marks_are_kept_for_batches_and_not_for_records() -> None:
    backlog = Backlog()
    for batch in range(1_000):
        backlog.read(DELIVERIES, batch * 500, at(batch), (batch + 1) * 500)
        backlog.finish(DELIVERIES, batch * 500)
    assert backlog.oldest() == {"deliveries": at(999)}
    assert backlog.lags() == {"deliveries": 500}
