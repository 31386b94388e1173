"""Runs counted by how they ended, and what follows from the counts."""

from collections import Counter
from dataclasses import dataclass, field

from services.event_recorder.core.latency_buckets import percentile_seconds
from shared.core.messages.integration_events import RunStatus

#: What counts as failed, here as towards disabling.
FAILED = frozenset({RunStatus.FAILED, RunStatus.AUTH_FAILED, RunStatus.TIMED_OUT, RunStatus.COMPLETED_WITH_ERRORS})


@dataclass(slots=True)
class Tally:
    """``latencies`` counts completed runs by latency bucket; ``other`` are runs that were not tried or called off."""

    completed: int = 0
    failed: int = 0
    other: int = 0
    latencies: Counter[int] = field(default_factory=Counter)

    def add(self, status: str, latency_bucket: int, runs: int) -> None:
        """Count ``runs`` more that ended with ``status``."""
        if status == RunStatus.COMPLETED:
            self.completed += runs
            self.latencies[latency_bucket] += runs
        elif status in FAILED:
            self.failed += runs
        else:
            self.other += runs

    def add_all(self, other: "Tally") -> None:
        """Count everything that ``other`` counted."""
        self.completed += other.completed
        self.failed += other.failed
        self.other += other.other
        self.latencies.update(other.latencies)

    @property
    def runs(self) -> int:
        return self.completed + self.failed + self.other

    @property
    def failure_rate(self) -> float | None:
        """Failed among those that were tried; None when none was."""
        tried = self.completed + self.failed
        return self.failed / tried if tried else None

    def latency_seconds(self, share: float) -> float | None:
        """The latency that a ``share`` of completed runs did not exceed; None when none completed."""
        return percentile_seconds(self.latencies, share)
