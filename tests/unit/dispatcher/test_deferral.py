"""A run that is put off: what it takes along, and when its time is over."""

from __future__ import annotations

from services.dispatcher.core.deferral import put_off
from services.dispatcher.core.gate import Defer
from services.dispatcher.core.retry_policy import DEADLINE_SLACK_MS
from tests.unit.dispatcher import samples

SCHEDULE = (2.0, 4.0)


def test_a_run_that_is_put_off_is_a_new_step_and_no_attempt() -> None:
    later = put_off(samples.request(step=3), Defer(5_000, by_receiver=False), SCHEDULE)
    assert later is not None
    assert (later.step, later.deferrals, later.next_attempt) == (4, 1, 1)


def test_a_wait_for_our_own_limit_costs_a_run_nothing_however_long() -> None:
    later = put_off(samples.request(), Defer(10 * DEADLINE_SLACK_MS, by_receiver=False), SCHEDULE)
    assert later is not None
    assert later.waited_ms == 0


def test_a_wait_for_the_receiver_counts_towards_the_deadline() -> None:
    later = put_off(samples.request(waited_ms=100), Defer(5_000, by_receiver=True), SCHEDULE)
    assert later is not None
    assert later.waited_ms == 5_100


def test_a_run_that_would_come_back_after_its_deadline_is_out_of_time() -> None:
    limit_ms = 6_000 + DEADLINE_SLACK_MS
    assert put_off(samples.request(waited_ms=limit_ms - 5_000), Defer(5_000, by_receiver=True), SCHEDULE) is not None
    assert put_off(samples.request(waited_ms=limit_ms - 4_999), Defer(5_000, by_receiver=True), SCHEDULE) is None
