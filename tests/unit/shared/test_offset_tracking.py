"""Which offsets may be committed, against a model that remembers everything."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.core.offset_tracking import METADATA_LIMIT, OffsetTracker, decode_finished, encode_finished

#: Brokers refuse commit metadata beyond this by default (offset.metadata.max.bytes).
BROKER_LIMIT = 4_096


class Partition(RuleBasedStateMachine):
    """A partition whose consumer reads in order, finishes in any order, commits and restarts at any time.

    The model is the set of offsets that are finished for good and the last commit.
    """

    def __init__(self) -> None:
        super().__init__()
        self.finished: set[int] = set()
        self.under_way: set[int] = set()
        self.position = 0
        self.commit = (0, "")
        self.finished_at_commit: set[int] = set()
        self.tracker = OffsetTracker(0)

    @rule(count=st.integers(1, 5), gap=st.sampled_from([0, 0, 0, 1, 200]))
    def read(self, count: int, gap: int) -> None:
        self.position += gap  # a compacted record or a transaction's marker
        for offset in range(self.position, self.position + count):
            if self.tracker.start(offset):
                assert offset not in self.finished_at_commit, "what was committed as finished is skipped"
                self.under_way.add(offset)
            else:
                assert offset in self.finished_at_commit, "only what was committed as finished is skipped"
        self.position += count

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        offset = data.draw(st.sampled_from(sorted(self.under_way)))
        self.under_way.remove(offset)
        self.finished.add(offset)
        self.tracker.finish(offset)

    @rule()
    def commits(self) -> None:
        self.commit = self.tracker.commit_point()
        self.finished_at_commit = set(self.finished)

    @rule()
    def restart(self) -> None:
        offset, metadata = self.commit
        self.tracker = OffsetTracker(offset, decode_finished(offset, metadata))
        self.finished = set(self.finished_at_commit)
        self.under_way.clear()
        self.position = offset

    @invariant()
    def no_commit_passes_an_unfinished_offset(self) -> None:
        offset, metadata = self.tracker.commit_point()
        assert all(offset <= each for each in self.under_way)
        assert not decode_finished(offset, metadata) & self.under_way
        assert self.tracker.unfinished == len(self.under_way)

    @invariant()
    def everything_finished_is_told(self) -> None:
        offset, metadata = self.tracker.commit_point()
        told = decode_finished(offset, metadata)
        assert all(each < offset or each in told for each in self.finished)


TestPartition = Partition.TestCase
TestPartition.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_an_offset_below_the_committed_one_is_finished_already() -> None:
    tracker = OffsetTracker(5, frozenset({7}))
    assert [tracker.start(offset) for offset in (3, 4, 5, 6, 7, 8)] == [False, False, True, True, False, True]
    assert tracker.commit_point()[0] == 5


_OFFSETS = st.sets(st.integers(0, 5_000), max_size=200)


@given(st.integers(0, 2**50), _OFFSETS)
def test_reading_metadata_gives_what_was_written(base: int, above: set[int]) -> None:
    finished = {base + each for each in above}
    assert decode_finished(base, encode_finished(base, finished)) == finished


def test_nothing_finished_is_no_metadata() -> None:
    assert encode_finished(7, []) == ""


def test_an_isolated_offset_costs_two_bytes_and_a_long_run_three() -> None:
    def raw_bytes(finished: set[int]) -> int:
        return len(encode_finished(0, finished).removeprefix("1:").rstrip("=")) * 3 // 4

    assert raw_bytes({5}) == 2
    assert raw_bytes({5, 9}) == 4
    assert raw_bytes(set(range(1, 10_000))) == 3


@pytest.mark.parametrize(
    "metadata", ["", "0:AQE=", "2:AQE=", "someone else's", "1:", "1:!", "1:AQ", "1:ä", "1:AA==", "1:gA=="]
)
def test_metadata_of_somebody_else_means_nothing_is_finished(metadata: str) -> None:
    assert decode_finished(0, metadata) == frozenset()


@given(st.text(max_size=6).map(lambda text: f"1:{text}") | st.text())
def test_no_metadata_makes_reading_fail(metadata: str) -> None:
    decode_finished(0, metadata)


def test_a_partition_is_full_before_its_metadata_reach_the_brokers_limit() -> None:
    tracker = OffsetTracker(0)
    offset = 0
    while not tracker.is_full():
        assert tracker.start(offset)
        if offset % 2:
            tracker.finish(offset)
        offset += 1
    assert METADATA_LIMIT <= len(tracker.commit_point()[1]) < BROKER_LIMIT
    assert offset > 2_000, "a thousand records out of order fit"


def test_what_finishes_while_the_partition_is_full_never_makes_a_commit_that_brokers_refuse() -> None:
    tracker = OffsetTracker(0)
    for offset in range(10_000):
        tracker.start(offset)
    for offset in range(1, 10_000, 2):
        tracker.finish(offset)
    offset, metadata = tracker.commit_point()
    assert offset == 0
    assert METADATA_LIMIT < len(metadata) <= BROKER_LIMIT
    kept = decode_finished(0, metadata)
    assert kept == set(range(1, max(kept) + 1, 2)), "the lowest are kept"
    for even in range(0, 10_000, 2):
        tracker.finish(even)
    assert tracker.commit_point() == (10_000, "")
