"""Matching: which integrations one event triggers.

A rule fires when its event type fits and its condition, if it has one, is exactly true; a condition without an answer
does not fire and is reported. Each integration of a firing rule is one run, with an id that is derived from event and
integration, so matching the same event again plans the same runs.

Errors and what becomes of integrations are events too, and rules may match them; a loop is impossible all the same.
Such an event carries the chain of integrations whose errors led to it, the one it is about last, and triggers none of
them; a chain is never longer than `MAX_CHAIN`.

What this module refuses to know: how conditions are evaluated (the caller passes that in) and whether an integration is
enabled: a disabled one is triggered too, and ends DISABLED with its request kept.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.dispatcher.core.configuration import Configuration
from shared.core.cloud_events import CloudEvent
from shared.core.identifiers import run_id_of_event
from shared.core.messages.base import EventRef
from shared.core.messages.delivery import DeliveryRequest
from shared.core.messages.run_log import MatchRecord, PlannedRun, UnevaluableRule
from shared.core.resources import Ordering
from shared.core.topics import ordering_key


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """A condition that could not be evaluated for this event."""

    reason: str


#: Integrations in a chain of errors about errors at most: one that tells a chat, one that tells of its failure, and
#: so on.
MAX_CHAIN = 5

#: Evaluates the text of a condition for the event at hand.
Evaluate = Callable[[str], bool | NoAnswer]


@dataclass(frozen=True, slots=True)
class Match:
    """What one event led to: a record of it, and one request per run. Runs that keep order have their ordering key in
    ``ordered``, by run id."""

    record: MatchRecord
    requests: tuple[DeliveryRequest, ...]
    ordered: Mapping[str, bytes]


def match(
    event: CloudEvent,
    configuration: Configuration,
    evaluate: Evaluate,
    *,
    chain: tuple[str, ...] = (),
    config_offset: int,
    accepted_ms: int,
    now_ms: int,
) -> Match:
    """Match one event.

    ``config_offset`` is the offset below which ``configuration`` is complete; ``chain`` is empty but for events about
    integrations.
    """
    organization = event.organization
    reference = EventRef(source=event.source, id=event.id, type=event.type, subject=event.subject, time=event.time)
    runs: list[PlannedRun] = []
    unevaluable: list[UnevaluableRule] = []
    rules = configuration.rules_for(organization, event.type) if len(chain) <= MAX_CHAIN else ()
    for rule in rules:
        answer = True if rule.spec.condition is None else evaluate(rule.spec.condition)
        if isinstance(answer, NoAnswer):
            unevaluable.append(UnevaluableRule(rule_id=rule.id, reason=answer.reason))
        elif answer is True:
            runs.extend(run for run in _runs_of(rule.id, event, configuration) if run.integration_id not in chain)
    record = MatchRecord(
        organization=organization,
        event=reference,
        accepted_ms=accepted_ms,
        matched_ms=now_ms,
        config_offset=config_offset,
        runs=tuple(runs),
        unevaluable=tuple(unevaluable),
    )
    requests = tuple(
        DeliveryRequest(
            run_id=run.run_id,
            webhook_id=run.run_id,
            organization=organization,
            integration_id=run.integration_id,
            rule_id=run.rule_id,
            event=reference,
            chain=chain,
            config_offset=config_offset,
            accepted_ms=accepted_ms,
            created_ms=now_ms,
        )
        for run in runs
    )
    ordered = {run.run_id: key for run in runs if (key := _order_of(run, event, configuration)) is not None}
    return Match(record, requests, ordered)


def _runs_of(rule_id: str, event: CloudEvent, configuration: Configuration) -> list[PlannedRun]:
    runs = []
    for integration_id in configuration.integrations_of(event.organization, rule_id):
        integration = configuration.integration(event.organization, integration_id)
        if integration is None:
            continue
        webhook = configuration.webhook(event.organization, integration.webhook)
        if webhook is None or not webhook.active:
            continue
        run_id = run_id_of_event(event.organization, event.source, event.id, integration_id)
        runs.append(
            PlannedRun(run_id=run_id, integration_id=integration_id, rule_id=rule_id, webhook_id=integration.webhook)
        )
    return runs


def _order_of(run: PlannedRun, event: CloudEvent, configuration: Configuration) -> bytes | None:
    """The key under which the run waits for others; None when it waits for nobody.

    An event without a subject has no order per subject, not upstream either: such events are spread over partitions.
    """
    integration = configuration.integration(event.organization, run.integration_id)
    match integration and integration.ordering:
        case Ordering.INTEGRATION:
            return ordering_key(event.organization, run.integration_id, None)
        case Ordering.SUBJECT if event.subject is not None:
            return ordering_key(event.organization, run.integration_id, event.subject)
        case _:
            return None
