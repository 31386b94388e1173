"""Percentiles from buckets are close to those of the latencies themselves, and sums of counts are counts of sums."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.event_recorder.core.latency_buckets import bucket_of, percentile_seconds

#: Half a bucket, and the rounding to three digits.
ERROR = 2 ** (1 / 8) * 1.005

LATENCIES = st.lists(st.integers(1, 7 * 86_400_000), min_size=1, max_size=50)


@given(LATENCIES, st.sampled_from([0.5, 0.95, 0.99, 1.0]))
def test_a_percentile_is_within_half_a_bucket_of_the_true_one(latencies: list[int], share: float) -> None:
    found = percentile_seconds(Counter(map(bucket_of, latencies)), share)
    true = sorted(latencies)[math.ceil(share * len(latencies)) - 1] / 1000
    assert found is not None
    assert true / ERROR <= found <= true * ERROR


@given(st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_longer_latency_never_has_a_lower_bucket(one: int, other: int) -> None:
    assert (bucket_of(one) <= bucket_of(other)) or one > other


def test_what_ends_at_once_counts_as_a_millisecond() -> None:
    assert (bucket_of(-5), bucket_of(0), bucket_of(1)) == (0, 0, 0)
    assert percentile_seconds({0: 3}, 0.5) == pytest.approx(0.001)


def test_of_nothing_there_is_no_percentile() -> None:
    assert percentile_seconds({}, 0.5) is None
