"""A token bucket gives what it promises to the millisecond, and never more."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from shared.core.token_bucket import TokenBucket

RATES = st.floats(0.001, 100_000)
BURSTS = st.floats(1, 100)
STARTS = st.integers(0, 2_000_000_000_000)
GAPS_MS = st.lists(st.integers(0, 5_000), min_size=1, max_size=30)
#: Takes in one go at most, so that a test with a high rate ends.
GREED = 150


def takes(bucket: TokenBucket, start: int, gaps: list[int]) -> list[int]:
    """When a token was taken, by somebody who takes all there are after each gap."""
    taken: list[int] = []
    now = start
    for gap in gaps:
        now += gap
        for _ in range(GREED):
            if bucket.wait_ms(now) > 0:
                break
            bucket.take()
            taken.append(now)
    return taken


@given(RATES, BURSTS, STARTS, GAPS_MS, st.booleans())
def test_no_window_sees_more_than_rate_times_time_and_one_burst(
    rate: float, burst: float, start: int, gaps: list[int], full: bool
) -> None:
    bucket = TokenBucket(rate, burst, start, tokens=burst if full else 0.0)
    # Of all windows that end with a take, the worst begins where takes are furthest behind the rate.
    ahead = [Fraction(n) - Fraction(rate) * at / 1000 for n, at in enumerate(takes(bucket, start, gaps))]
    furthest_behind = Fraction(0)
    for n, here in enumerate(ahead):
        furthest_behind = here if n == 0 else min(furthest_behind, here)
        assert here + 1 - furthest_behind <= Fraction(burst)


@given(RATES, BURSTS, STARTS, GAPS_MS)
def test_an_empty_start_gives_no_more_than_rate_times_time(
    rate: float, burst: float, start: int, gaps: list[int]
) -> None:
    taken = takes(TokenBucket(rate, burst, start), start, gaps)
    for n, at in enumerate(taken, start=1):
        assert n <= Fraction(rate) * (at - start) / 1000


@given(RATES, BURSTS, STARTS, st.lists(st.tuples(st.integers(0, 5_000), st.floats(0, 50)), max_size=20))
def test_the_wait_is_exact_however_often_one_looks(
    rate: float, burst: float, start: int, withdrawals: list[tuple[int, float]]
) -> None:
    patient, looking = TokenBucket(rate, burst, start), TokenBucket(rate, burst, start)
    now = start
    for gap, count in withdrawals:
        for at in range(now, now + gap, max(1, gap // 7)):
            looking.wait_ms(at)
        now += gap
        for bucket in (patient, looking):
            bucket.wait_ms(now)
            bucket.take(count)
    wait = patient.wait_ms(now)
    assert looking.wait_ms(now) == wait
    if wait:
        assert looking.wait_ms(now + wait - 1) == 1
        assert looking.wait_ms(now + wait) == 0
        assert patient.wait_ms(now + wait) == 0


@given(RATES, BURSTS, STARTS, st.integers(0, 10_000_000))
def test_a_clock_set_back_adds_nothing_and_takes_nothing_away(rate: float, burst: float, start: int, back: int) -> None:
    bucket = TokenBucket(rate, burst, start)
    wait = bucket.wait_ms(start)
    assert bucket.wait_ms(start - back) == wait
    assert bucket.wait_ms(start - back + wait) == 0


def test_a_debt_is_paid_before_the_next_token_comes() -> None:
    bucket = TokenBucket(10, 5, 0, tokens=5)
    bucket.take(25)
    assert bucket.tokens == -20
    assert bucket.wait_ms(0) == 2_100
    assert bucket.wait_ms(2_099) == 1
    assert bucket.wait_ms(2_100) == 0


def test_what_was_not_taken_is_kept_up_to_the_burst() -> None:
    bucket = TokenBucket(10, 3, 0)
    assert bucket.wait_ms(3_600_000) == 0
    bucket.take(3)
    assert bucket.wait_ms(3_600_000) == 100


def test_a_changed_limit_holds_from_now_on() -> None:
    bucket = TokenBucket(10, 100, 0, tokens=100)
    bucket.per_second, bucket.burst = 1, 2
    assert bucket.wait_ms(0) == 0
    assert bucket.tokens == 2
    bucket.take(2)
    assert bucket.wait_ms(0) == 1_000
