"""A run's deadline and jitter: only what the receiver costs counts, and runs that failed together come back apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.core.retry_policy import (
    DEADLINE_SLACK_MS,
    MAX_RETRY_AFTER_MS,
    GiveUp,
    RetryAt,
    TimeUp,
    next_try,
)

HOUR_MS = 3_600_000


def test_a_receiver_that_always_asks_for_an_hour_is_given_one_hour_more_than_the_schedule() -> None:
    first = next_try(1, (2.0, 4.0, 8.0), 1_000, HOUR_MS, waited_ms=100)
    assert first == RetryAt(1_000 + HOUR_MS)
    assert next_try(2, (2.0, 4.0, 8.0), 1_000 + HOUR_MS, HOUR_MS, waited_ms=100 + HOUR_MS) == TimeUp()


@pytest.mark.parametrize(("waited_ms", "following"), [(HOUR_MS, RetryAt(2_000)), (HOUR_MS + 1, TimeUp())])
def test_the_deadline_is_met_to_the_millisecond(waited_ms: int, following: object) -> None:
    assert next_try(1, (1.0,), 1_000, None, waited_ms=waited_ms) == following


def test_jitter_makes_a_wait_longer_and_never_shorter() -> None:
    assert next_try(1, (2.0,), 0, None, stretch=1.25) == RetryAt(2_500)


def test_an_attempt_too_many_gives_up_whatever_time_is_left() -> None:
    assert next_try(2, (1.0,), 0, None, waited_ms=0) == GiveUp()


@given(
    delays=st.lists(st.floats(0.1, 7 * 86_400), max_size=50),
    asked=st.lists(st.none() | st.integers(0, 10 * HOUR_MS), min_size=51, max_size=51),
    stretch=st.floats(1.0, 2.0),
    downtime=st.lists(st.integers(0, 30 * 86_400_000), min_size=51, max_size=51),
)
def test_no_run_outlives_its_deadline_and_our_downtime_never_ends_one(
    delays: list[float], asked: list[int | None], stretch: float, downtime: list[int]
) -> None:
    """Walk a run through its schedule; ``downtime`` passes between the waits and must change nothing."""
    limit_ms = sum(delays) * 1000 * stretch + DEADLINE_SLACK_MS + 1
    now_ms = waited_ms = 0
    for attempt in range(1, 52):
        following = next_try(attempt, delays, now_ms, asked[attempt - 1], stretch=stretch, waited_ms=waited_ms)
        if not isinstance(following, RetryAt):
            break
        wait_ms = following.due_ms - now_ms
        assert wait_ms >= int(delays[attempt - 1] * 1000)
        waited_ms += wait_ms
        assert waited_ms <= limit_ms
        now_ms = following.due_ms + downtime[attempt - 1]
    if not isinstance(following, TimeUp):
        assert attempt == len(delays) + 1
    elif all(each is None for each in asked):
        pytest.fail("the schedule alone must never pass the deadline")
    assert MAX_RETRY_AFTER_MS == HOUR_MS
