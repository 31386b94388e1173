"""Percentiles of latencies by nearest rank: each is a latency that was really measured, none is interpolated."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def percentile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that at least ``share`` (above 0, up to 1) of all are not above. Raises ValueError on none."""
    if not ascending:
        raise ValueError("nothing was measured")
    return ascending[math.ceil(share * len(ascending)) - 1]


@dataclass(frozen=True, slots=True)
class LatencySummary:
    """In milliseconds; infinite where so many never arrived, and None where there was nothing to arrive."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    maximum: float | None


def summarise(milliseconds: Iterable[float], missing: int = 0) -> LatencySummary:
    """The four numbers people ask for. What never arrived (``missing``) took for ever, and is not left out."""
    ascending = [*sorted(milliseconds), *[math.inf] * missing]
    if not ascending:
        return LatencySummary(0, None, None, None, None)
    p50, p95, p99 = (percentile(ascending, share) for share in (0.5, 0.95, 0.99))
    return LatencySummary(len(ascending), p50, p95, p99, ascending[-1])


def finite(milliseconds: float | None) -> float | None:
    """As JSON can hold it."""
    return milliseconds if milliseconds is not None and math.isfinite(milliseconds) else None
