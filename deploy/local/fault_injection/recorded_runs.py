"""Whether the recorder's database says of every run what the topics say.

Read from the database file and not over HTTP, so that nothing the query API leaves out can hide a row.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from deploy.local.demo.core.evidence import Evidence
from shared.core.messages.integration_events import RunOutcome


@dataclass(frozen=True, slots=True)
class Recorded:
    """Of each run: its status, how many outcomes came after the first, and which attempts are known."""

    statuses: dict[str, str]
    superseded: dict[str, int]
    attempts: dict[str, frozenset[int]]

    def differences(self, other: Recorded) -> list[str]:
        """One line for each kind of difference, with a run that shows it; ``other`` is what should be."""
        said = []
        for what, ours, theirs in (
            ("status", self.statuses, other.statuses),
            ("superseded outcomes", self.superseded, other.superseded),
            ("attempts", self.attempts, other.attempts),
        ):
            runs = sorted(run for run in ours.keys() | theirs.keys() if ours.get(run) != theirs.get(run))
            if runs:
                run = runs[0]
                said.append(
                    f"{len(runs)} runs differ in {what}: {run} has {ours.get(run)}, should be {theirs.get(run)}"
                )
        return said


def recorded(database: Path) -> Recorded:
    """What the database says now."""
    with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        statuses = dict(connection.execute("SELECT run_id, status FROM runs"))
        outcomes = dict(connection.execute("SELECT run_id, count(*) FROM outcomes GROUP BY run_id"))
        attempts: dict[str, set[int]] = {}
        for run_id, number in connection.execute("SELECT run_id, number FROM attempts"):
            attempts.setdefault(run_id, set()).add(number)
    return Recorded(statuses, _superseded(Counter(outcomes)), _frozen(attempts))


def on_topics(evidence: Evidence) -> Recorded:
    """What the topics say, once every run has ended."""
    statuses: dict[str, str] = {}
    outcomes: Counter[str] = Counter()
    for event in evidence.integration_events:
        if isinstance(event.data, RunOutcome):
            statuses.setdefault(event.data.run_id, event.data.status.value)
            outcomes[event.data.run_id] += 1
    attempts: dict[str, set[int]] = {}
    for attempt in evidence.attempts:
        attempts.setdefault(attempt.run_id, set()).add(attempt.number)
    return Recorded(statuses, _superseded(outcomes), _frozen(attempts))


def _superseded(outcomes: Counter[str]) -> dict[str, int]:
    return {run: number - 1 for run, number in outcomes.items() if number > 1}


def _frozen(attempts: dict[str, set[int]]) -> dict[str, frozenset[int]]:
    return {run: frozenset(numbers) for run, numbers in attempts.items()}
