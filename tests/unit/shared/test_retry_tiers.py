"""Durable delay as hops: never early, and how late at most."""

from collections.abc import Sequence
from itertools import repeat

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.core.resources import DEFAULT_RETRY_DELAYS_SECONDS, MAX_RETRY_DELAY_SECONDS
from shared.core.retry_tiers import Due, Hop, next_hop
from shared.core.topics import RETRY_TIER_DELAYS_MS

SHORTEST_MS = min(RETRY_TIER_DELAYS_MS.values())


def wait(delay_ms: int, lags_ms: Sequence[int]) -> tuple[int, list[str]]:
    """(milliseconds late, tiers taken) for a delay. The n-th hop takes its tier's delay and ``lags_ms[n]`` more, for
    reading and writing; after the last of them hops cost the last lag."""
    now_ms = 0
    taken: list[str] = []
    lags = iter([*lags_ms, *repeat(lags_ms[-1], 10_000)])
    while isinstance(hop := next_hop(delay_ms - now_ms), Hop):
        taken.append(hop.tier)
        now_ms += RETRY_TIER_DELAYS_MS[hop.tier] + next(lags)
    return now_ms - delay_ms, taken


@given(
    st.integers(0, int(MAX_RETRY_DELAY_SECONDS * 1000)),
    st.lists(st.integers(0, 5_000), min_size=1, max_size=20),
)
@example(1, [0])
@example(3_900, [0])
@example(8_000, [150, 0])
def test_a_run_is_never_early_and_late_by_less_than_the_shortest_tier_and_one_hops_lag(
    delay_ms: int, lags_ms: list[int]
) -> None:
    late_ms, _ = wait(delay_ms, lags_ms)
    assert 0 <= late_ms < SHORTEST_MS + max(lags_ms)


def test_no_smaller_bound_holds() -> None:
    assert wait(1, [40])[0] == SHORTEST_MS - 1 + 40


@pytest.mark.parametrize("lag_ms", [0, 5, 50, 95])
@pytest.mark.parametrize("seconds", [2, 4, 8])
def test_the_default_schedule_takes_two_hops_at_most_and_is_late_by_their_lag_alone(seconds: int, lag_ms: int) -> None:
    assert seconds in DEFAULT_RETRY_DELAYS_SECONDS
    late_ms, taken = wait(seconds * 1000, [lag_ms])
    assert len(taken) <= 2
    assert late_ms == len(taken) * lag_ms


def test_a_slow_hop_costs_more_hops_and_still_less_than_a_second() -> None:
    late_ms, taken = wait(8_000, [150, 0])
    assert taken == ["4s", "1s", "1s", "1s", "1s"]
    assert late_ms == 150


@pytest.mark.parametrize(("tier", "delay_ms"), RETRY_TIER_DELAYS_MS.items())
def test_a_delay_that_is_a_tier_takes_that_tier_alone(tier: str, delay_ms: int) -> None:
    assert wait(delay_ms, [3]) == (3, [tier])


def test_a_week_takes_fewer_than_a_hundred_hops() -> None:
    _, taken = wait(int(MAX_RETRY_DELAY_SECONDS * 1000), [20])
    assert len(taken) < 100


@pytest.mark.parametrize("remaining_ms", [0, -1, -(10**9)])
def test_a_time_that_has_come_is_due(remaining_ms: int) -> None:
    assert next_hop(remaining_ms) == Due()
