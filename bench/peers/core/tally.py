"""What a receiver got, against what it should have got: distinct, lost and duplicate events, and how fast.

An event is known by the number in its body, which no contender changes. So the count says nothing about a contender's
own idea of identity, and is the same question to all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bench.receiver.core.arrivals import Arrival


@dataclass(frozen=True, slots=True)
class Tally:
    """``strange`` are requests that carry no number or one that was not sent. ``last_ns`` is None when nothing came."""

    distinct: int
    lost: int
    duplicates: int
    strange: int
    last_ns: int | None


def tally(expected: range, arrivals: Iterable[Arrival]) -> Tally:
    """Count ``arrivals`` against the numbers that were sent."""
    seen: set[int] = set()
    requests = strange = 0
    last_ns: int | None = None
    for arrival in arrivals:
        if arrival.number is None or arrival.number not in expected:
            strange += 1
            continue
        requests += 1
        seen.add(arrival.number)
        last_ns = arrival.time_ns if last_ns is None else max(last_ns, arrival.time_ns)
    return Tally(len(seen), len(expected) - len(seen), requests - len(seen), strange, last_ns)


def deliveries_per_second(counted: Tally, began_ns: int) -> float:
    """Distinct events a second from the begin to the last arrival; 0 when nothing came."""
    if counted.last_ns is None:
        return 0.0
    return counted.distinct / ((counted.last_ns - began_ns) / 1e9)
