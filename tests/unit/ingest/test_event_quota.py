"""The quota of one organization: never more than promised, and never less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.core.event_quota import EventQuota

PER_SECOND = st.integers(1, 100_000)
BURST = st.integers(1, 5_000)
START = 1_800_000_000_000


@given(
    PER_SECOND,
    BURST,
    st.lists(st.tuples(st.integers(0, 3_000), st.integers(0, 1_000)), min_size=1, max_size=60),
    st.booleans(),
)
def test_over_any_window_no_more_than_rate_times_time_a_burst_and_one_batch_is_accepted(
    per_second: int, burst: int, requests: list[tuple[int, int]], obedient: bool
) -> None:
    quota = EventQuota(per_second, burst, START)
    now, accepted = START, []
    for gap_ms, events in requests:
        now += gap_ms
        wait_ms = quota.admit(events, now)
        if wait_ms and obedient:
            now += wait_ms
            assert quota.admit(events, now) == 0
        if wait_ms == 0 or obedient:
            accepted.append((now, events))
    largest = max((events for _, events in accepted), default=0)
    for first, (began, _) in enumerate(accepted):
        total = 0
        for at, events in accepted[first:]:
            total += events
            assert total * 1000 <= per_second * (at - began) + (burst + largest) * 1000


@given(PER_SECOND, BURST, st.lists(st.integers(1, 10_000), min_size=1, max_size=60))
def test_who_keeps_to_the_quota_is_never_refused(per_second: int, burst: int, batches: list[int]) -> None:
    quota = EventQuota(per_second, burst, START)
    now = START
    for events in (min(batch, burst) for batch in batches):
        assert quota.admit(events, now) == 0
        now += -(-events * 1000 // per_second)


@pytest.mark.parametrize("events", [11, 1_000])
def test_a_batch_beyond_the_burst_is_taken_whole_and_what_follows_waits(events: int) -> None:
    quota = EventQuota(per_second=10, burst=10, now_ms=START)
    assert quota.admit(events, START) == 0
    wait_ms = quota.admit(1, START)
    assert wait_ms == (events - 10 + 1) * 100
    assert quota.admit(1, START + wait_ms - 1) > 0
    assert quota.admit(events, START + wait_ms) == 0


def test_a_refused_request_costs_nothing_and_neither_does_asking() -> None:
    quota = EventQuota(per_second=1, burst=1, now_ms=START)
    assert quota.admit(0, START) == 0
    assert quota.admit(1, START) == 0
    assert {quota.admit(1_000, START), quota.admit(0, START)} == {1_000}
    assert quota.admit(1, START + 1_000) == 0
