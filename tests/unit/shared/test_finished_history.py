"""What to read of a partition that is new to a worker, and which of it is finished."""

from hypothesis import given
from hypothesis import strategies as st

from shared.core.finished_history import MAX_RECORDS, NOTHING, WINDOW_RECORDS, Progress, WayBack, unknown
from shared.core.offset_tracking import OffsetTracker
from shared.core.recent_ids import MAX_AGE_MS

progresses = st.builds(
    lambda lowest, above: Progress(lowest, frozenset(lowest + 1 + gap for gap in above)),
    st.integers(0, 200),
    st.frozensets(st.integers(0, 60)),
)


def way_back(committed: Progress, known: Progress = NOTHING) -> WayBack:
    return WayBack(committed, known, unknown(committed, known))


def read_all(way: WayBack, *, ms_per_record: int = 1) -> list[int]:
    """The offsets that count, in the order of reading, where record n was written at n times ``ms_per_record``."""
    found: list[int] = []
    while True:
        found += [each for each in way.window if way.counts(each, 1 + each * ms_per_record)]
        if not way.step_back():
            return found


def test_a_commit_says_what_is_below_it_and_what_its_metadata_names() -> None:
    tracker = OffsetTracker(10)
    for offset in range(10, 15):
        tracker.start(offset)
    for offset in (10, 12, 14):
        tracker.finish(offset)
    progress = Progress.of_commit(*tracker.commit_point())
    assert [each for each in range(16) if each in progress] == [*range(11), 12, 14]


@given(committed=progresses, known=progresses)
def test_everything_finished_by_others_is_found_once_and_nothing_else(committed: Progress, known: Progress) -> None:
    span = unknown(committed, known)
    found = read_all(way_back(committed, known)) if span else []
    wanted = [each for each in range(300) if each in committed and each not in known]
    assert sorted(found) == wanted


@given(progress=progresses)
def test_where_nobody_else_committed_nothing_is_read(progress: Progress) -> None:
    assert not unknown(progress, progress)


def test_what_one_finished_beyond_the_last_commit_is_not_read_again() -> None:
    assert not unknown(Progress(5, frozenset({7})), known=Progress(6, frozenset({7, 9})))


def test_no_more_than_the_bound_is_looked_at_and_the_newest_first() -> None:
    found = read_all(way_back(Progress(25_000)))
    assert len(found) == MAX_RECORDS
    assert found[:2] == [25_000 - WINDOW_RECORDS, 25_001 - WINDOW_RECORDS]
    assert min(found) == 25_000 - MAX_RECORDS


def test_the_bound_counts_from_the_highest_finished_record() -> None:
    committed = Progress(20_000, frozenset(range(20_100, 20_500)))
    assert unknown(committed, NOTHING) == range(20_500 - MAX_RECORDS, 20_500)


def test_a_window_that_goes_back_further_than_the_age_is_the_last() -> None:
    ms_per_record = MAX_AGE_MS // WINDOW_RECORDS
    found = read_all(way_back(Progress(MAX_RECORDS)), ms_per_record=ms_per_record)
    assert len(found) == 2 * WINDOW_RECORDS


def test_a_record_outside_the_window_counts_neither_as_finished_nor_for_the_age() -> None:
    way = way_back(Progress(WINDOW_RECORDS + 1))
    assert not way.counts(0, 1)
    assert all(way.counts(each, 2 * MAX_AGE_MS) for each in way.window)
    assert way.step_back()
