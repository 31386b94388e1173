"""What counts as failed, and what rates are of."""

from __future__ import annotations

import pytest

from services.event_recorder.core.tallies import FAILED, Tally
from shared.core.messages.integration_events import RunStatus

ENDS = list(RunStatus)[-7:]


@pytest.mark.parametrize("status", ENDS)
def test_every_end_counts_once(status: RunStatus) -> None:
    tally = Tally()
    tally.add(status, 4, 3)
    assert tally.runs == 3
    assert tally.failed == (3 if status in FAILED else 0)
    assert tally.completed == sum(tally.latencies.values()) == (3 if status is RunStatus.COMPLETED else 0)


def test_the_failure_rate_is_of_what_was_tried() -> None:
    tally = Tally(completed=3, failed=1, other=96)
    assert tally.failure_rate == 0.25
    assert Tally(other=5).failure_rate is None


def test_a_sum_of_tallies_has_the_percentiles_of_all_runs() -> None:
    fast, slow = Tally(), Tally()
    fast.add(RunStatus.COMPLETED, 10, 99)
    slow.add(RunStatus.COMPLETED, 40, 1)
    alone = slow.latency_seconds(0.5)
    fast.add_all(slow)
    assert fast.runs == 100
    assert fast.latency_seconds(1.0) == alone
    assert (fast.latency_seconds(0.99) or 0) < (alone or 0)
