"""A run as a row of ``runs``, and back: what was stored is joined with what comes next."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from services.event_recorder.core.rows import Row
from services.event_recorder.core.runs import LastAttempt, Outcome, Run, RunIdentity
from shared.core.messages.delivery import Trigger
from shared.core.messages.integration_events import RunStatus

_IDENTITY = tuple(each.name for each in fields(RunIdentity))


def row_of(run: Run) -> Row:
    """Columns that follow from others (``status``, ``attempts``, ``error``) are stored to be listed and filtered by."""
    last, outcome = run.last_attempt, run.outcome
    return {
        **{name: getattr(run.identity, name) for name in _IDENTITY},
        "trigger": run.identity.trigger.value,
        "status": run.status.value,
        "attempts": run.attempts,
        "error": run.error,
        "last_attempt": last.number if last else None,
        "last_attempt_offset": last.offset if last else None,
        "last_attempt_error": last.error if last else None,
        "retry_due_ms": last.retry_due_ms if last else None,
        "outcome_offset": outcome.offset if outcome else None,
        "outcome_attempts": outcome.attempts if outcome else None,
        "ended_ms": outcome.ended_ms if outcome else None,
    }


def run_of(row: Mapping[str, Any]) -> Run:
    """The run that `row_of` gave this row for."""
    identity = RunIdentity(**{name: row[name] for name in _IDENTITY} | {"trigger": Trigger(row["trigger"])})
    last = outcome = None
    if row["last_attempt"] is not None:
        last = LastAttempt(
            row["last_attempt"], row["last_attempt_offset"], row["retry_due_ms"], row["last_attempt_error"]
        )
    if row["outcome_offset"] is not None:
        outcome = Outcome(
            row["outcome_offset"],
            RunStatus(row["status"]),
            row["outcome_attempts"],
            row["ended_ms"],
            row["error"],
        )
    return Run(identity, last, outcome)
