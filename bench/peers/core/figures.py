"""What is published about one contender, and how rounds become one figure.

Rounds are never averaged away: CPU and rate are given as the median of the rounds with the lowest and the highest
beside it, while lost and duplicate events are added up, because one lost event in any round is one lost event.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bench.peers.core.tally import Tally


class Road(StrEnum):
    """Where the events come from; contenders of one road are compared with each other."""

    TOPIC = "Kafka topic → HTTP"
    API = "HTTP API → HTTP"


@dataclass(frozen=True, slots=True)
class Contender:
    """Who delivers: name, version and licence as published, and ``counted``, whose CPU is the contender's own. The CPU
    of everything else that runs for it is told beside."""

    name: str
    version: str
    licence: str
    road: Road
    counted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Round:
    """One measured round: CPU microseconds a delivery of every part, deliveries a second, and the count."""

    microseconds: Mapping[str, float]
    per_second: float
    tally: Tally


@dataclass(frozen=True, slots=True)
class Spread:
    """Median, lowest and highest of the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        return cls(statistics.median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Figures:
    """All rounds of one contender."""

    contender: Contender
    rounds: tuple[Round, ...]

    @property
    def cpu(self) -> Spread:
        """CPU microseconds a delivery of the contender's own processes."""
        own = self.contender.counted
        return Spread.of([sum(each.microseconds[part] for part in own) for each in self.rounds])

    @property
    def beside(self) -> dict[str, float]:
        """Median CPU microseconds a delivery of every other part: database, broker, recorder."""
        others = [part for part in self.rounds[0].microseconds if part not in self.contender.counted]
        return {part: self._median(part) for part in others}

    @property
    def per_second(self) -> Spread:
        return Spread.of([each.per_second for each in self.rounds])

    @property
    def delivered(self) -> int:
        return sum(each.tally.distinct for each in self.rounds)

    @property
    def lost(self) -> int:
        return sum(each.tally.lost for each in self.rounds)

    @property
    def duplicates(self) -> int:
        return sum(each.tally.duplicates for each in self.rounds)

    @property
    def strange(self) -> int:
        return sum(each.tally.strange for each in self.rounds)

    def _median(self, part: str) -> float:
        return statistics.median([each.microseconds[part] for each in self.rounds])

    def document(self) -> dict[str, Any]:
        """For the JSON file."""
        return {
            "name": self.contender.name,
            "version": self.contender.version,
            "licence": self.contender.licence,
            "road": self.contender.road.value,
            "rounds": len(self.rounds),
            "delivered": self.delivered,
            "lost": self.lost,
            "duplicates": self.duplicates,
            "strange_requests": self.strange,
            "deliveries_per_second": _rounded(self.per_second),
            "cpu_microseconds_per_delivery": _rounded(self.cpu),
            "cpu_microseconds_counted": {part: round(self._median(part), 1) for part in self.contender.counted},
            "cpu_microseconds_beside": {part: round(value, 1) for part, value in self.beside.items()},
        }


def _rounded(spread: Spread) -> dict[str, float]:
    return {"median": round(spread.median, 1), "low": round(spread.low, 1), "high": round(spread.high, 1)}
