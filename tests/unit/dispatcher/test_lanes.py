"""Whose turn it is: due retries and first attempts."""

from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.core.lanes import TURNS, Lanes


def taken(first: int, due: int, turns: int) -> list[str]:
    lanes: Lanes[str] = Lanes()
    lanes.first.extend(f"first-{number}" for number in range(first))
    lanes.due.extend(f"due-{number}" for number in range(due))
    return [each for _ in range(turns) if (each := lanes.take()) is not None]


def test_while_both_wait_first_attempts_get_every_fourth_turn() -> None:
    order = taken(100, 100, 40)
    assert TURNS == 4
    assert [place for place, each in enumerate(order) if each.startswith("first")] == list(range(3, 40, 4))


def test_a_due_retry_waits_for_one_first_attempt_at_most() -> None:
    lanes: Lanes[str] = Lanes()
    lanes.first.extend(["first"] * 1_000)
    for _ in range(20):
        lanes.take()
        lanes.due.append("due")
        assert "due" in [lanes.take(), lanes.take()]
        lanes.due.clear()


def test_one_empty_lane_leaves_every_turn_to_the_other() -> None:
    assert taken(5, 0, 5) == [f"first-{number}" for number in range(5)]
    assert taken(0, 5, 5) == [f"due-{number}" for number in range(5)]
    assert taken(0, 0, 5) == []


@given(st.integers(0, 30), st.integers(0, 30))
def test_everything_is_taken_once_and_each_lane_in_its_order(first: int, due: int) -> None:
    order = taken(first, due, first + due)
    assert [each for each in order if each.startswith("first")] == [f"first-{number}" for number in range(first)]
    assert [each for each in order if each.startswith("due")] == [f"due-{number}" for number in range(due)]
