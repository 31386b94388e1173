"""Runs counted by minute, integration, status and latency, and what such counts say.

A latency (acceptance to end, of runs that were delivered) is counted in a geometric bucket, so that any minutes and
integrations can be added up afterwards, which percentiles cannot. Four buckets double the latency: a percentile told
from them is off by 2^(1/8) - 1 = 9.1 % at most, whatever the latency.
"""

from collections.abc import Iterable, Mapping
from math import ceil, log2
from typing import Final

from services.event_recorder.core.rows import Row
from services.event_recorder.core.runs import Run
from shared.core.messages.integration_events import RunStatus

MINUTE_MS: Final = 60_000
#: Of runs that were not delivered no latency is counted.
NO_LATENCY: Final = 0
_BUCKETS_TO_DOUBLE: Final = 4


def latency_bucket(latency_ms: int) -> int:
    """1 for a millisecond or less; bucket n + 4 ends at twice the latency where bucket n ends."""
    return 1 if latency_ms <= 1 else 1 + ceil(_BUCKETS_TO_DOUBLE * log2(latency_ms))


def bucket_middle_ms(bucket: int) -> float:
    """The latency in milliseconds that stands for all of a bucket: the geometric middle of its bounds."""
    return float(2 ** ((bucket - 1.5) / _BUCKETS_TO_DOUBLE))


def percentile_ms(runs_by_bucket: Mapping[int, int], fraction: float) -> float | None:
    """The latency in milliseconds that ``fraction`` of the runs stayed within; None when no latency was counted."""
    measured = sorted((bucket, runs) for bucket, runs in runs_by_bucket.items() if bucket != NO_LATENCY and runs > 0)
    rank = ceil(fraction * sum(runs for _, runs in measured))
    seen = 0
    for bucket, runs in measured:
        seen += runs
        if seen >= rank:
            return bucket_middle_ms(bucket)
    return None


def counts_of(ended: Iterable[Run]) -> list[Row]:
    """Rows that add these runs, which have outcomes, to the statistics."""
    counts: dict[tuple[str, int, str, str, int], int] = {}
    for run in ended:
        if run.outcome is None:
            continue
        identity, outcome = run.identity, run.outcome
        delivered = outcome.status is RunStatus.COMPLETED
        bucket = latency_bucket(outcome.ended_ms - identity.accepted_ms) if delivered else NO_LATENCY
        minute_ms = outcome.ended_ms - outcome.ended_ms % MINUTE_MS
        key = (identity.organization, minute_ms, identity.integration_id, outcome.status.value, bucket)
        counts[key] = counts.get(key, 0) + 1
    columns = ("organization", "minute_ms", "integration_id", "status", "latency_bucket")
    return [{**dict(zip(columns, key, strict=True)), "runs": runs} for key, runs in counts.items()]
