"""A run as far as it is known, and how knowledge grows.

Records about a run arrive in any order across topics, twice after a crash, and from the beginning after a reset. So
knowledge is joined rather than applied: `join` is commutative, associative and idempotent, and the row is the same
whatever came first. Three facts grow, each in its own direction:

* *identity*: of two that differ (an event matched again after a crash) the older one;
* *last attempt*: the greatest number, and of two with one number the later in the order of ``run-log``;
* *outcome*: the first in the order of ``integration-events``, for the disabler decides by the same order.

Offsets compare because all records about a run share one partition of each topic.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from shared.core.messages.delivery import Trigger
from shared.core.messages.integration_events import RunOutcome, RunStatus
from shared.core.messages.run_log import RunFacts


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What a run is and where it came from: the same in every record about it, but for a repeated match."""

    organization: str
    run_id: str
    webhook_id: str
    integration_id: str
    rule_id: str | None
    trigger: Trigger
    origin_run_id: str | None
    event_source: str
    event_id: str
    event_type: str
    event_subject: str | None
    event_time: str | None
    accepted_ms: int
    created_ms: int

    @classmethod
    def told_by(cls, organization: str, said: RunFacts | RunOutcome) -> RunIdentity:
        """As a record about the run tells it."""
        return cls(
            organization=organization,
            run_id=said.run_id,
            webhook_id=said.webhook_id,
            integration_id=said.integration_id,
            rule_id=said.rule_id,
            trigger=said.trigger,
            origin_run_id=said.origin_run_id,
            event_source=said.event.source,
            event_id=said.event.id,
            event_type=said.event.type,
            event_subject=said.event.subject,
            event_time=said.event.time,
            accepted_ms=said.accepted_ms,
            created_ms=said.created_ms,
        )

    @property
    def key(self) -> tuple[str, str]:
        return self.organization, self.run_id


@dataclass(frozen=True, slots=True)
class LastAttempt:
    """``error`` is JSON of `ErrorDetail`; ``retry_due_ms`` is set when another attempt follows."""

    number: int
    offset: int
    retry_due_ms: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """``attempts`` is how many the outcome counts; ``error`` is JSON of `ErrorDetail`, ``chain`` a JSON list of the
    integrations whose errors led here. The entity, where the outcome names one, has a type and an id."""

    offset: int
    status: RunStatus
    attempts: int
    ended_ms: int
    error: str | None
    chain: str = "[]"
    entity_type: str | None = None
    entity_id: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What some records together say of one run."""

    identity: RunIdentity
    last_attempt: LastAttempt | None = None
    outcome: Outcome | None = None

    @property
    def status(self) -> RunStatus:
        """An attempt that was the last one leaves the run IN_PROGRESS until its outcome is read."""
        if self.outcome is not None:
            return self.outcome.status
        if self.last_attempt is None:
            return RunStatus.WAITING
        return RunStatus.IN_PROGRESS if self.last_attempt.retry_due_ms is None else RunStatus.AWAITING_RETRY

    @property
    def attempts(self) -> int:
        """How many attempts are known of: an outcome may be read before the last attempt's own record."""
        return max(self.last_attempt.number if self.last_attempt else 0, self.outcome.attempts if self.outcome else 0)

    @property
    def error(self) -> str | None:
        """Why the run failed, or while it is still under way, why its last attempt did."""
        if self.outcome is not None:
            return self.outcome.error
        return self.last_attempt.error if self.last_attempt is not None else None

    @property
    def entity_id(self) -> str | None:
        """What in the producer's system the run is about: as its outcome says, else the event's subject."""
        if self.outcome is not None and self.outcome.entity_type is not None:
            return self.outcome.entity_id
        return self.identity.event_subject


_FIELDS = tuple(each.name for each in fields(RunIdentity))


def join(one: Run, other: Run) -> Run:
    """What is known of a run by two accounts of it."""
    attempts = [run.last_attempt for run in (one, other) if run.last_attempt is not None]
    outcomes = [run.outcome for run in (one, other) if run.outcome is not None]
    return Run(
        min(one.identity, other.identity, key=_age),
        max(attempts, key=lambda attempt: (attempt.number, attempt.offset), default=None),
        min(outcomes, key=lambda outcome: outcome.offset, default=None),
    )


def join_all(runs: Iterable[Run]) -> dict[tuple[str, str], Run]:
    """Accounts of many runs, joined by run."""
    known: dict[tuple[str, str], Run] = {}
    for run in runs:
        key = run.identity.key
        known[key] = join(known[key], run) if key in known else run
    return known


def _age(identity: RunIdentity) -> tuple[int, list[tuple[bool, Any]]]:
    # Fields break ties of equal age, whatever they mean: what counts is that everybody breaks them alike.
    values = (getattr(identity, name) for name in _FIELDS)
    return identity.created_ms, [(value is None, "" if value is None else value) for value in values]
