"""The benchmark's arithmetic: percentiles, accounts, CPU, windows. Wrong here is wrong in every figure."""

from __future__ import annotations

import math

import pytest

from bench.delivery.core.accounting import Account, account
from bench.delivery.core.cpu_times import OTHER, CpuTimes, CpuUsed, together, used
from bench.delivery.core.floor_parts import FloorPart, floor, floor_shares
from bench.delivery.core.percentiles import LatencySummary, finite, percentile, summarise
from bench.delivery.core.rate_windows import fullest_window, per_second, trailing_counts
from bench.delivery.core.tables import figure
from bench.delivery.core.thread_shares import shares


@pytest.mark.parametrize(("share", "value"), [(0.5, 50), (0.95, 95), (0.99, 99), (1.0, 100), (0.001, 1), (0.501, 51)])
def test_a_percentile_is_the_smallest_value_that_the_share_is_not_above(share: float, value: int) -> None:
    assert percentile(list(range(1, 101)), share) == value


def test_a_percentile_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_a_summary_sorts_and_one_of_nothing_has_no_numbers() -> None:
    assert summarise([3.0, 1.0, 2.0]) == LatencySummary(3, 2.0, 3.0, 3.0, 3.0)
    assert summarise([]) == LatencySummary(0, None, None, None, None)


def test_what_never_arrived_is_the_slowest_of_all() -> None:
    summary = summarise([1.0] * 94, missing=6)
    assert (summary.count, summary.p50, summary.p95) == (100, 1.0, math.inf)
    assert finite(summary.p95) is None
    assert figure(summary.p95) == "never"


def test_lost_and_duplicates_are_counted_by_distinct_id_and_strangers_nowhere() -> None:
    assert account({"a", "b", "c"}, ["a", "a", "a", "b", "x", "x"]) == Account(
        expected=3, delivered=2, lost=1, duplicates=2
    )


def test_cpu_between_two_readings_is_shared_out_to_threads_by_name() -> None:
    before = CpuTimes(10.0, {(1, "main"): 4.0, (2, "pool"): 3.0, (3, "gone"): 3.0})
    after = CpuTimes(16.0, {(1, "main"): 5.0, (2, "pool"): 4.0, (4, "pool"): 2.5})
    found = used(before, after)
    assert found.seconds == 6.0
    # One that began in between counts from zero; what the one that ended used is nobody's.
    assert found.threads == {"main": 1.0, "pool": 3.5, OTHER: 1.5}


def test_threads_that_are_rounded_up_beyond_their_process_are_scaled_down_to_it() -> None:
    found = used(CpuTimes(0.0, {}), CpuTimes(9.0, {(1, "a"): 6.0, (2, "b"): 4.0}))
    assert found.threads == pytest.approx({"a": 5.4, "b": 3.6})


def test_cpu_is_told_in_microseconds_a_delivery_most_first() -> None:
    found = CpuUsed(0.006, {"little": 0.001, "much": 0.005})
    assert found.per(20) == pytest.approx(300.0)
    assert found.threads_per(20) == pytest.approx({"much": 250.0, "little": 50.0})
    assert list(found.threads_per(20)) == ["much", "little"]


def test_processes_add_up_thread_by_thread() -> None:
    whole = together([CpuUsed(2.0, {"send": 1.5, "match": 0.5}), CpuUsed(1.0, {"send": 1.0})])
    assert whole == CpuUsed(3.0, {"send": 2.5, "match": 0.5})


def test_the_shares_of_a_process_sum_up_to_its_cost_and_small_strangers_are_among_the_others() -> None:
    found = CpuUsed(0.1, {"send-loop": 0.07, "health-server": 0.001, "new-and-large": 0.029})
    by_stage = shares(found, 100)
    assert by_stage == {
        "send: event loop": pytest.approx(700.0),
        "new-and-large": pytest.approx(290.0),
        OTHER: pytest.approx(10.0),
    }
    assert sum(by_stage.values()) == pytest.approx(found.per(100))


def test_the_floor_counts_each_step_as_often_as_a_delivery_does_it() -> None:
    parts = [FloorPart("consume the event", 10.0, 1), FloorPart("produce the outcome", 40.0, 2)]
    assert floor(parts) == 90.0
    assert floor_shares([*parts, FloorPart("consume the delivery request", 5.0, 1)]) == {
        "Kafka consumers": 15.0,
        "Kafka producer": 80.0,
    }


def test_the_fullest_window_lies_across_minutes_too() -> None:
    # Ten at the end of one minute and ten at the beginning of the next: each minute is innocent.
    times = [59.0 + place / 100 for place in range(10)] + [60.5 + place / 100 for place in range(10)]
    assert fullest_window(times, 60.0) == 20
    assert fullest_window(times, 1.0) == 10


def test_a_window_excludes_its_end() -> None:
    assert fullest_window([0.0, 60.0], 60.0) == 1
    assert fullest_window([0.0, 59.999], 60.0) == 2
    assert fullest_window([], 60.0) == 0


def test_trailing_counts_are_those_of_the_time_up_to_each_arrival() -> None:
    assert trailing_counts([0.0, 1.0, 2.0, 2.5], 2.0) == [1, 2, 2, 3]


def test_the_most_of_the_trailing_counts_is_the_fullest_window() -> None:
    times = [0.0, 0.2, 3.0, 3.1, 3.2, 9.0, 11.9, 12.0]
    assert max(trailing_counts(times, 3.0)) == fullest_window(times, 3.0) == 3


def test_arrivals_are_counted_in_whole_seconds_between_two_moments() -> None:
    assert per_second([0.5, 1.0, 1.9, 3.2, 4.0, 99.0], 1.0, 4.5) == [2, 0, 1]
