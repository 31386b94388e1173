"""A run as a row of ``runs``, and back.

Columns fall into the three groups that `runs.join` joins by, and those that follow from all of them; the join in SQL
(`run_join`) is made from the same groups.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from services.event_recorder.core.rows import Row
from services.event_recorder.core.runs import LastAttempt, Outcome, Run, RunIdentity
from shared.core.messages.delivery import Trigger
from shared.core.messages.integration_events import RunStatus

IDENTITY: Final = tuple(each.name for each in fields(RunIdentity))
LAST_ATTEMPT: Final = ("last_attempt", "last_attempt_offset", "last_attempt_error", "retry_due_ms")
OUTCOME: Final = ("outcome_offset", "outcome_attempts", "ended_ms", "chain", "entity_type")


def row_of(run: Run) -> Row:
    """Columns that follow from others (``status``, ``attempts``, ``error``, ``entity_id``) are stored to be listed and
    filtered by."""
    identity, last, outcome = run.identity, run.last_attempt, run.outcome
    row = {name: getattr(identity, name) for name in IDENTITY}
    row["trigger"] = identity.trigger.value
    row["status"] = run.status.value
    row["attempts"] = run.attempts
    row["error"] = run.error
    row["last_attempt"] = last.number if last else None
    row["last_attempt_offset"] = last.offset if last else None
    row["last_attempt_error"] = last.error if last else None
    row["retry_due_ms"] = last.retry_due_ms if last else None
    row["outcome_offset"] = outcome.offset if outcome else None
    row["outcome_attempts"] = outcome.attempts if outcome else None
    row["ended_ms"] = outcome.ended_ms if outcome else None
    row["chain"] = outcome.chain if outcome else None
    row["entity_type"] = outcome.entity_type if outcome else None
    row["entity_id"] = run.entity_id
    return row


def run_of(row: Mapping[str, Any]) -> Run:
    """The run that `row_of` gave this row for."""
    identity = RunIdentity(**{name: row[name] for name in IDENTITY} | {"trigger": Trigger(row["trigger"])})
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
            row["chain"],
            row["entity_type"],
            row["entity_id"] if row["entity_type"] is not None else None,
        )
    return Run(identity, last, outcome)
