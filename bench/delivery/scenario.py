"""What a scenario is, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from bench.delivery.core.accounting import Account
from bench.delivery.core.tables import Table
from bench.delivery.stand import Stand


@dataclass(frozen=True, slots=True)
class Result:
    """``accounts`` by point. ``figures`` is for machines (JSON), ``tables`` for people; ``pictures`` draw themselves
    into a file, by its name without the ending. ``broken`` are promises that did not hold, a sentence each."""

    accounts: Mapping[str, Account]
    figures: Mapping[str, Any]
    tables: Sequence[Table]
    pictures: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)
    broken: Sequence[str] = ()


class Scenario(Protocol):
    """One question. ``takes_minutes`` keeps it out of the short form unless it is named."""

    @property
    def name(self) -> str: ...

    @property
    def takes_minutes(self) -> bool: ...

    def run(self, stand: Stand) -> Result:
        """Measure. Raises FleetFailed when a process of the fleet ends by itself."""
