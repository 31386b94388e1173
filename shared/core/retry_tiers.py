"""Durable delay as hops over a fixed set of tiers.

Kafka has no delayed delivery. A tier is a topic whose records all wait equally long, so its head is always the next one
due and a consumer that waits for it makes nobody wait longer. A delay that is no tier is a chain: each hop takes the
longest tier that fits into what remains. A run is never early; it is late by less than the shortest tier (1 s) plus
the lag of one hop, its last: what earlier hops lag, the later ones make up.
"""

from dataclasses import dataclass
from math import log

from shared.core.topics import RETRY_TIER_DELAYS_MS

#: A tier that overshoots the due time by no more than this is taken: after a hop of 4 s out of 8 s, some milliseconds
#: have passed, and without slack the rest would be three more hops instead of one.
HOP_SLACK_MS = 100

_TIERS_LONGEST_FIRST = sorted(RETRY_TIER_DELAYS_MS.items(), key=lambda tier: -tier[1])


@dataclass(frozen=True, slots=True)
class Due:
    """The time has come: to ``deliveries-due``."""


@dataclass(frozen=True, slots=True)
class Hop:
    """Wait once more, in this tier."""

    tier: str


def nearest_tier_ms(wait_ms: float) -> int:
    """The delay of the tier that is nearest to ``wait_ms`` by ratio: one hop, where exactness is worth nothing."""
    return min(RETRY_TIER_DELAYS_MS.values(), key=lambda delay_ms: abs(log(delay_ms / max(wait_ms, 1.0))))


def next_hop(remaining_ms: int) -> Due | Hop:
    """Where a run goes whose due time is ``remaining_ms`` away (negative: past)."""
    if remaining_ms <= 0:
        return Due()
    for tier, delay_ms in _TIERS_LONGEST_FIRST:
        if delay_ms <= remaining_ms + HOP_SLACK_MS:
            return Hop(tier)
    return Hop(_TIERS_LONGEST_FIRST[-1][0])
