"""What the statistics count."""

from __future__ import annotations

from services.event_recorder.core.latency_buckets import bucket_of
from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.core.run_counts import counts_of
from services.event_recorder.core.runs import Run
from shared.core.messages.integration_events import RunStatus
from tests.unit.event_recorder import records

READER = RecordReader(records.TOPICS)


def ended(status: RunStatus, event: str = "e-1") -> Run:
    (run,) = READER.read(records.outcome(status, event)).runs
    return run


def test_a_delivered_run_counts_in_the_minute_of_its_end_with_its_latency() -> None:
    (count,) = counts_of([ended(RunStatus.COMPLETED)])
    assert count == {
        "organization": "acme",
        "minute_ms": records.START_MS,
        "integration_id": records.INTEGRATION,
        "status": "COMPLETED",
        "latency_bucket": bucket_of(9_005),
        "runs": 1,
    }


def test_runs_that_end_alike_are_added_up_and_others_stand_apart() -> None:
    runs = [ended(RunStatus.FAILED, "e-1"), ended(RunStatus.FAILED, "e-2"), ended(RunStatus.DISABLED, "e-3")]
    assert {(count["status"], count["runs"]) for count in counts_of(runs)} == {("FAILED", 2), ("DISABLED", 1)}


def test_a_run_without_an_outcome_counts_nowhere() -> None:
    (run,) = READER.read(records.attempt()).runs
    assert counts_of([run]) == []
