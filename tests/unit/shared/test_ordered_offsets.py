"""Runs of offsets against a plain set."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from shared.core.ordered_offsets import OffsetRuns

RUNS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda run: (run[0], run[0] + run[1])))


def offsets(runs: OffsetRuns) -> set[int]:
    return {offset for run in runs for offset in range(*run)}


@given(RUNS, st.integers(0, 80))
def test_runs_hold_what_a_set_would(added: list[tuple[int, int]], bound: int) -> None:
    runs, model = OffsetRuns(), set[int]()
    for start, end in added:
        runs.add(start, end)
        model |= set(range(start, end))
        assert offsets(runs) == model
    assert all((offset in runs) == (offset in model) for offset in range(80))
    runs.drop_below(bound)
    assert offsets(runs) == {offset for offset in model if offset >= bound}


@given(RUNS)
def test_no_two_runs_touch(added: list[tuple[int, int]]) -> None:
    runs = list(OffsetRuns(added))
    assert runs == sorted(runs)
    assert all(end < following for (_, end), (following, _) in itertools.pairwise(runs))


def test_a_long_run_costs_one_entry() -> None:
    runs = OffsetRuns()
    for offset in range(10_000):
        runs.add(offset, offset + 1)
    assert len(runs) == 1
