"""How long a point takes: the one number that tells the short form from the long one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

SHORT_SECONDS: Final = 2.0
LONG_SECONDS: Final = 300.0
#: A backlog that is worked off has this many events for each second of a point: about what two cores deliver.
_DRAINED_A_SECOND: Final = 1_000
#: A backlog under which memory is watched has this many events for each second of a point, a million at most.
_WATCHED_A_SECOND: Final = 5_000
_MOST_WATCHED: Final = 1_000_000
#: Kafka bounds the transaction in which a backlog is written to a minute.
_MOST_DRAINED: Final = 300_000


@dataclass(frozen=True, slots=True)
class Length:
    """``seconds`` of a point."""

    seconds: float

    @property
    def is_long(self) -> bool:
        return self.seconds >= LONG_SECONDS

    @property
    def drained(self) -> int:
        """Events of a backlog that is worked off."""
        return min(_MOST_DRAINED, round(self.seconds * _DRAINED_A_SECOND))

    @property
    def watched(self) -> int:
        """Events of a backlog under which memory is watched."""
        return min(_MOST_WATCHED, round(self.seconds * _WATCHED_A_SECOND))
