"""Which runs of a partition have ended lately, so that a second outcome of a run is recognised.

A run ends twice when a sender dies after publishing an outcome and before committing: the run comes back and ends
again. Those repeats follow within what that sender had not committed, so the last `MAX_RUNS` outcomes of a
partition are enough; there is no bound by which *every* repeat could be known. Whoever takes a partition over reads
that many back (`services.disabler.handler`), so it knows what its predecessor knew.
"""

from dataclasses import dataclass, field
from typing import Final

#: Outcomes remembered of a partition: twenty times what a sender leaves uncommitted (500 records).
MAX_RUNS: Final = 10_000


@dataclass(slots=True)
class FirstOutcomes:
    """Offsets of the first outcome of each recent run, oldest first."""

    max_runs: int = MAX_RUNS
    _offsets: dict[tuple[str, str], int] = field(init=False, default_factory=dict)

    def superseded(self, organization: str, run_id: str, offset: int) -> bool:
        """Whether the run's outcome at ``offset`` comes after another one. The same record read again does not."""
        return self._offsets.get((organization, run_id), offset) < offset

    def remember(self, organization: str, run_id: str, offset: int) -> None:
        self._offsets.setdefault((organization, run_id), offset)
        if len(self._offsets) > self.max_runs:
            del self._offsets[next(iter(self._offsets))]
