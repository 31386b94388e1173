"""What is remembered of finished work, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from shared.core.recent_ids import MAX_AGE_MS, MAX_IDS, RecentIds


def work(number: int) -> tuple[str, int]:
    return f"run-{number}", 0


def test_a_finished_step_is_remembered_and_another_step_of_the_run_is_not() -> None:
    recent = RecentIds()
    recent.add(("run", 1), now_ms=0)
    assert ("run", 1) in recent
    assert ("run", 2) not in recent


def test_the_oldest_is_forgotten_beyond_the_count() -> None:
    recent = RecentIds(max_ids=3)
    for number in range(5):
        recent.add(work(number), now_ms=0)
    assert [number for number in range(5) if work(number) in recent] == [2, 3, 4]


def test_what_is_too_old_is_forgotten_when_something_new_comes() -> None:
    recent = RecentIds(max_age_ms=1_000)
    recent.add(work(0), now_ms=0)
    recent.add(work(1), now_ms=1_000)
    assert work(0) in recent
    recent.add(work(2), now_ms=1_001)
    assert work(0) not in recent
    assert work(1) in recent


def test_what_finishes_again_counts_from_then() -> None:
    recent = RecentIds(max_age_ms=1_000)
    recent.add(work(0), now_ms=0)
    recent.add(work(1), now_ms=500)
    recent.add(work(0), now_ms=900)
    recent.add(work(2), now_ms=1_600)
    assert work(1) not in recent
    assert work(0) in recent


def test_a_partition_remembers_a_hundred_thousand_ids_or_a_quarter_of_an_hour() -> None:
    assert (MAX_IDS, MAX_AGE_MS) == (100_000, 900_000)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 50)), max_size=100),
    st.integers(1, 10),
    st.integers(0, 100),
)
def test_memory_is_bounded_by_count_and_age(steps: list[tuple[int, int]], max_ids: int, max_age_ms: int) -> None:
    recent = RecentIds(max_ids, max_age_ms)
    finished_ms: dict[int, int] = {}
    now_ms = 0
    for number, passed_ms in steps:
        now_ms += passed_ms
        recent.add(work(number), now_ms)
        finished_ms[number] = now_ms
        assert work(number) in recent
        assert len(recent) <= max_ids
        assert all(now_ms - at <= max_age_ms for each, at in finished_ms.items() if work(each) in recent)
