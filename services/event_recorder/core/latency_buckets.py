"""Latencies counted in geometric buckets, and percentiles read back from the counts.

A bucket is a quarter of a doubling wide, so counts of any time and of any integrations can be added up and a percentile
of the sum is within 9.1 % of the true one (half a bucket: 2 to the power of 1/8), from a millisecond to years, with
about thirteen buckets between 10 and 100 ms. Percentiles themselves could not be added up.
"""

import math
from collections.abc import Mapping
from typing import Final

_PER_DOUBLING: Final = 4


def bucket_of(latency_ms: int) -> int:
    """Number of the bucket that counts a latency; 0 holds everything up to a millisecond."""
    return 0 if latency_ms <= 1 else math.ceil(_PER_DOUBLING * math.log2(latency_ms))


def percentile_seconds(counts: Mapping[int, int], share: float) -> float | None:
    """The latency in seconds that a ``share`` (0 to 1) of those counted did not exceed, as the geometric middle of its
    bucket; None when nothing was counted."""
    rank = math.ceil(share * sum(counts.values()))
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= max(rank, 1):
            middle_ms = 1.0 if bucket == 0 else 2 ** ((bucket - 0.5) / _PER_DOUBLING)
            return float(f"{middle_ms / 1000:.3g}")
    return None
