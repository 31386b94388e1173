"""When a failed attempt is tried again, and what a receiver may say about it."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.dispatcher.core.retry_policy import MAX_RETRY_AFTER_MS, GiveUp, RetryAt, next_try, parse_retry_after
from shared.core.resources import DEFAULT_RETRY_DELAYS_SECONDS

NOON = datetime(2030, 1, 31, 12, tzinfo=UTC)
NOON_MS = int(NOON.timestamp() * 1000)


def test_the_default_schedule_is_four_attempts_two_four_and_eight_seconds_apart() -> None:
    following = [next_try(attempt, DEFAULT_RETRY_DELAYS_SECONDS, 1_000, None) for attempt in (1, 2, 3, 4)]
    assert following == [RetryAt(3_000), RetryAt(5_000), RetryAt(9_000), GiveUp()]


def test_an_empty_schedule_gives_up_at_once() -> None:
    assert next_try(1, (), 1_000, None) == GiveUp()
    assert next_try(1, (), 1_000, 5_000) == GiveUp()


def test_a_schedule_that_was_shortened_meanwhile_gives_up() -> None:
    assert next_try(5, (1.0,), 1_000, None) == GiveUp()


@pytest.mark.parametrize(
    ("retry_after_ms", "wait_ms"),
    [(None, 2_000), (0, 2_000), (1_999, 2_000), (30_000, 30_000), (10**9, MAX_RETRY_AFTER_MS)],
)
def test_the_longer_of_schedule_and_retry_after_counts_one_hour_at_most(
    retry_after_ms: int | None, wait_ms: int
) -> None:
    assert next_try(1, (2.0,), 1_000, retry_after_ms) == RetryAt(1_000 + wait_ms)


def test_a_schedule_longer_than_an_hour_is_not_cut_by_retry_after() -> None:
    assert next_try(1, (7_200.0,), 0, 60_000) == RetryAt(7_200_000)


@pytest.mark.parametrize(
    ("value", "wait_ms"),
    [
        (None, None),
        ("0", 0),
        ("120", 120_000),
        (" 120 ", 120_000),
        ("9" * 400, MAX_RETRY_AFTER_MS),
        (format_datetime(NOON + timedelta(seconds=90), usegmt=True), 90_000),
        (format_datetime(NOON - timedelta(seconds=90), usegmt=True), 0),
        (format_datetime((NOON + timedelta(seconds=90)).astimezone(timezone(timedelta(hours=2)))), 90_000),
        ("Thu, 31 Jan 2030 12:01:30 -0000", 90_000),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("²", None),
        ("2030-01-31T12:01:30Z", None),
        ("Thu, 31 Feb 2030 12:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_anything_else_is_not_heard(
    value: str | None, wait_ms: int | None
) -> None:
    assert parse_retry_after(value, NOON_MS) == wait_ms


@given(
    st.text()
    | st.text("0123456789:+- ,GMTJanMonFeb", max_size=60)
    | st.builds("Mon, {} Jan {} 00:00:00 {}".format, st.integers(), st.integers(), st.integers())
)
@example("Mon, 01 Jan 2030 00:00:00 +99999999999999999999")
@example("Mon, 99999999999999999999 Jan 2030 00:00:00 GMT")
def test_no_retry_after_makes_an_attempt_fail_in_our_code(value: str) -> None:
    wait_ms = parse_retry_after(value, NOON_MS)
    assert wait_ms is None or wait_ms >= 0
