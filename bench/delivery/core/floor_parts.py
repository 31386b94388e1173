"""The floor: what a delivery costs when every step is a bare loop over the libraries the fleet uses, and nothing else.

No fleet on the same libraries can be cheaper. The steps are those of a delivery from event to outcome: the event and
the delivery request are each consumed once, four records are produced (delivery request, match record, attempt record,
outcome), each is encoded once and what is consumed is decoded once, the body is signed, one request is posted.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class FloorPart:
    """One step: CPU in microseconds each time, and how often a delivery does it."""

    name: str
    microseconds: float
    times: int

    @property
    def per_delivery(self) -> float:
        return self.microseconds * self.times


def floor(parts: Iterable[FloorPart]) -> float:
    """Microseconds of CPU a delivery."""
    return sum(part.per_delivery for part in parts)


#: First word of a step's name → kind of work.
_KINDS: Final = {
    "consume": "Kafka consumers",
    "produce": "Kafka producer",
    "decode": "JSON",
    "encode": "JSON",
    "sign": "HMAC",
    "post": "HTTP",
}


def floor_shares(parts: Iterable[FloorPart]) -> dict[str, float]:
    """Microseconds a delivery by kind of work."""
    found: dict[str, float] = {}
    for part in parts:
        kind = _KINDS[part.name.split()[0]]
        found[kind] = found.get(kind, 0.0) + part.per_delivery
    return found
