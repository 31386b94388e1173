"""Runs counted by minute, integration, status and latency: what the statistics are added up from.

The latency is that from acceptance to the end of the run, of runs that were delivered.
"""

from collections.abc import Iterable
from typing import Final

from services.event_recorder.core.latency_buckets import bucket_of
from services.event_recorder.core.rows import Row
from services.event_recorder.core.runs import Run
from shared.core.messages.integration_events import RunStatus

MINUTE_MS: Final = 60_000
#: Of runs that were not delivered no latency is counted; they stand here so that each status has one row a minute.
_NO_LATENCY: Final = 0


def counts_of(ended: Iterable[Run]) -> list[Row]:
    """Rows that add these runs, which have outcomes, to the statistics."""
    counts: dict[tuple[str, int, str, str, int], int] = {}
    for run in ended:
        if run.outcome is None:
            continue
        identity, outcome = run.identity, run.outcome
        delivered = outcome.status is RunStatus.COMPLETED
        bucket = bucket_of(outcome.ended_ms - identity.accepted_ms) if delivered else _NO_LATENCY
        minute_ms = outcome.ended_ms - outcome.ended_ms % MINUTE_MS
        key = (identity.organization, minute_ms, identity.integration_id, outcome.status.value, bucket)
        counts[key] = counts.get(key, 0) + 1
    columns = ("organization", "minute_ms", "integration_id", "status", "latency_bucket")
    return [{**dict(zip(columns, key, strict=True)), "runs": runs} for key, runs in counts.items()]
