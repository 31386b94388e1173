"""What became of every event and every run, counted by distinct identity.

Events accepted = matched + matched nothing, by (source, id) of match records. Runs = delivered + failed + disabled +
cancelled + dead-lettered + pending, by run id: the first terminal outcome in the order of ``integration-events`` is a
run's outcome, later ones are superseded. A run that was planned and has neither outcome nor dead letter nor a delivery
request that could still lead to one is *lost*, which no sum may hide.

Events that the fleet itself makes (errors of integrations, their disabling and re-enabling) are matched like any other
and count apart from what producers were promised, by the same rule: each has a match record.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from deploy.local.demo.core.evidence import Evidence
from shared.core.identifiers import run_id_of_event
from shared.core.messages.base import RUN_ID_HEADER
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    ENABLED,
    RUN_COMPLETED,
    RUN_ERRORS,
    IntegrationEvent,
    RunOutcome,
    RunStatus,
)

EventKey = tuple[str, str]
#: What the fleet says of its integrations that rules can match.
_MATCHABLE = RUN_ERRORS | {DISABLED_ERROR, ENABLED}


@dataclass(frozen=True, slots=True)
class Sums:
    """Sets hold event keys (source, id) or run ids; every number in the table is the size of one."""

    accepted: frozenset[EventKey]
    matched: frozenset[EventKey]
    unmatched: frozenset[EventKey]
    unaccounted: frozenset[EventKey]
    uninvited: frozenset[EventKey]
    unevaluable: frozenset[EventKey]
    expected_runs: frozenset[str]
    runs: frozenset[str]
    delivered: frozenset[str]
    failed: dict[str, frozenset[str]]
    disabled: frozenset[str]
    cancelled: frozenset[str]
    dead_lettered: frozenset[str]
    pending: frozenset[str]
    lost: frozenset[str]
    unplanned: frozenset[str]
    retried: frozenset[str]
    answered: frozenset[str]
    superseded: int
    error_events: frozenset[EventKey]
    unmatched_error_events: frozenset[EventKey]
    dead_letters: int
    disabled_integrations: tuple[str, ...]
    enabled_integrations: tuple[str, ...]
    refused_signatures: int

    @property
    def ended(self) -> int:
        """Runs that nothing more will happen to."""
        return len(self.runs) - len(self.pending) - len(self.lost)


def sums(evidence: Evidence) -> Sums:
    """Count the evidence."""
    accepted = frozenset((event.source, event.id) for event in evidence.accepted)
    answers = {(match.event.source, match.event.id): bool(match.runs) for match in evidence.matches}
    runs = frozenset(run.run_id for match in evidence.matches for run in match.runs)
    outcomes = _first_outcomes(evidence)
    dead_lettered = _dead_runs(evidence) & runs - outcomes.keys()
    open_runs = runs - outcomes.keys() - dead_lettered
    tries: Counter[str] = Counter(attempt.run_id for attempt in evidence.attempts)
    changes = [(event.type, event.data.integration_id) for event in _distinct_events(evidence)]
    own = frozenset((event.source, event.id) for event in evidence.integration_events if event.type in _MATCHABLE)

    def ended_as(*statuses: RunStatus) -> frozenset[str]:
        return frozenset(run for run in runs & outcomes.keys() if outcomes[run][1].status in statuses)

    def ended_with(type_: str) -> frozenset[str]:
        return frozenset(run for run in runs & outcomes.keys() if outcomes[run][0] == type_)

    return Sums(
        accepted=accepted,
        matched=frozenset(key for key in accepted if answers.get(key) is True),
        unmatched=frozenset(key for key in accepted if answers.get(key) is False),
        unaccounted=accepted - answers.keys(),
        uninvited=frozenset(answers.keys() - accepted - own),
        unevaluable=frozenset((match.event.source, match.event.id) for match in evidence.matches if match.unevaluable),
        expected_runs=frozenset(
            run_id_of_event(evidence.organization, event.source, event.id, integration)
            for event in evidence.accepted
            for integration in event.integrations
        ),
        runs=runs,
        delivered=ended_with(RUN_COMPLETED),
        failed={type_: found for type_ in sorted(RUN_ERRORS) if (found := ended_with(type_))},
        disabled=ended_as(RunStatus.DISABLED),
        cancelled=ended_as(RunStatus.CANCELLED),
        dead_lettered=frozenset(dead_lettered),
        pending=open_runs & evidence.requested,
        lost=open_runs - evidence.requested,
        unplanned=frozenset((outcomes.keys() | evidence.requested | _received_runs(evidence)) - runs),
        retried=frozenset(run for run, number in tries.items() if number > 1),
        answered=frozenset(each.webhook_id for each in evidence.received if each.succeeded),
        superseded=sum(isinstance(event.data, RunOutcome) for event in evidence.integration_events) - len(outcomes),
        error_events=own,
        unmatched_error_events=own - answers.keys(),
        dead_letters=len(evidence.dead_letters),
        disabled_integrations=tuple(name for type_, name in changes if type_ == DISABLED_ERROR),
        enabled_integrations=tuple(name for type_, name in changes if type_ == ENABLED),
        refused_signatures=sum(each.status == 401 for each in evidence.received),
    )


def _first_outcomes(evidence: Evidence) -> dict[str, tuple[str, RunOutcome]]:
    outcomes: dict[str, tuple[str, RunOutcome]] = {}
    for event in evidence.integration_events:
        if isinstance(event.data, RunOutcome):
            outcomes.setdefault(event.data.run_id, (event.type, event.data))
    return outcomes


def _distinct_events(evidence: Evidence) -> list[IntegrationEvent]:
    return list({event.id: event for event in evidence.integration_events}.values())


def _dead_runs(evidence: Evidence) -> frozenset[str]:
    """Runs whose delivery request was set aside."""
    return frozenset(
        raw.decode()
        for letter in evidence.dead_letters
        for name, raw in letter.original_headers
        if name == RUN_ID_HEADER
    )


def _received_runs(evidence: Evidence) -> frozenset[str]:
    """The webhook-id of an event's run is its run id."""
    return frozenset(each.webhook_id for each in evidence.received)
