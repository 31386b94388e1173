"""The window: what a receiver has shown that it can take."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.core.window import INITIAL, Sign, Window


def round_of(window: Window, sign: Sign, started_ms: int, takes_ms: int = 5) -> None:
    """As many requests as the window allows, all under way together, all with one end."""
    count = int(window.limit)
    for _ in range(count):
        window.begin(started_ms)
    for _ in range(count):
        window.end(sign, started_ms, started_ms + takes_ms)


def test_while_it_is_used_it_grows_by_one_with_each_answer_until_the_first_trouble() -> None:
    window = Window()
    for _ in range(10):
        while window.in_flight < window.limit:
            window.begin(0)
        window.end(Sign.ANSWERED, 0, 5)
    assert window.limit == INITIAL + 10


def test_trouble_of_requests_that_were_under_way_together_halves_it_once() -> None:
    window = Window()
    round_of(window, Sign.TROUBLED, 0)
    assert window.limit == INITIAL / 2


def test_trouble_in_the_next_round_halves_it_again_and_never_below_one() -> None:
    window = Window()
    for number in range(20):
        round_of(window, Sign.TROUBLED, number * 10)
    assert window.limit == 1.0


def test_after_trouble_it_grows_by_one_a_round() -> None:
    window = Window()
    round_of(window, Sign.TROUBLED, 0)
    before = window.limit
    round_of(window, Sign.ANSWERED, 10)
    assert before < window.limit <= before + 1


def test_it_does_not_grow_while_it_is_not_used() -> None:
    window = Window()
    for number in range(100):
        window.begin(number)
        window.end(Sign.ANSWERED, number, number)
    assert window.limit == INITIAL


def test_what_was_not_asked_says_nothing() -> None:
    window = Window()
    round_of(window, Sign.NOT_ASKED, 0)
    assert window == Window(_quiet_since_ms=5)


def test_the_last_answer_decides_whether_a_receiver_is_proven() -> None:
    window = Window()
    round_of(window, Sign.ANSWERED, 0)
    assert window.proven
    round_of(window, Sign.TROUBLED, 10)
    assert not window.proven


def test_its_pace_is_duration_by_limit() -> None:
    window = Window(limit=4.0)
    window.begin(0)
    window.end(Sign.ANSWERED, 0, 100)
    assert window.pace_ms(1_000) == 25.0


def test_a_receiver_that_hangs_is_slow_long_before_its_first_timeout() -> None:
    window = Window(limit=2.0)
    window.begin(0)
    assert window.pace_ms(10_000) == 5_000.0


@given(st.lists(st.tuples(st.sampled_from(Sign), st.integers(0, 1_000), st.integers(0, 1_000))))
def test_whatever_happens_it_stays_at_least_one_and_counts_what_is_under_way(
    attempts: list[tuple[Sign, int, int]],
) -> None:
    window, now_ms = Window(), 0
    for sign, takes_ms, pause_ms in attempts:
        window.begin(now_ms)
        window.end(sign, now_ms, now_ms + takes_ms)
        now_ms += takes_ms + pause_ms
        assert window.limit >= 1.0
        assert window.in_flight == 0
        assert window.pace_ms(now_ms) >= 0
