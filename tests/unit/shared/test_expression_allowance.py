"""Slow expressions of one organization take a share of the time, and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.expression_allowance import BURST_SECONDS, FREE_SECONDS, SHARE, Allowance


def test_quick_evaluations_count_for_nothing() -> None:
    allowance = Allowance()
    for second in range(100_000):
        allowance.charge("acme", FREE_SECONDS, second / 1000)
    assert allowance.seconds_to_wait("acme", 100.0) == 0


def test_whoever_owes_too_much_waits_and_others_do_not() -> None:
    allowance = Allowance()
    allowance.charge("acme", BURST_SECONDS + 0.5 + FREE_SECONDS, 0.0)
    assert allowance.seconds_to_wait("acme", 0.0) == pytest.approx(0.5 / SHARE)
    assert allowance.seconds_to_wait("other", 0.0) == 0
    assert allowance.seconds_to_wait("acme", 0.5 / SHARE + 0.01) == 0


@given(st.floats(0.006, 0.06), st.floats(0.001, 1.0))
def test_in_the_long_run_no_more_than_the_share_is_taken(seconds: float, pause: float) -> None:
    allowance, now, taken = Allowance(), 0.0, 0.0
    for _ in range(2_000):
        if allowance.seconds_to_wait("acme", now) == 0:
            allowance.charge("acme", seconds, now)
            taken += seconds - FREE_SECONDS
        now += pause
    assert taken <= BURST_SECONDS + SHARE * now + seconds


def test_however_many_organizations_there_are_the_memory_is_bounded() -> None:
    allowance = Allowance()
    for number in range(30_000):
        allowance.charge(f"o{number}", 0.006, number)
    assert len(allowance._debts) <= 10_001
