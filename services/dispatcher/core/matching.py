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

from collections.abc import Callable
from dataclasses import dataclass

from services.dispatcher.core.configuration import Configuration, Target
from shared.core.cloud_events import CloudEvent
from shared.core.identifiers import run_id_of_event
from shared.core.resources import Ordering
from shared.core.topics import ordering_key
from shared.core.trace_context import TraceContext


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
class Triggered:
    """A run that an event leads to. ``order`` is the key under which it waits for others; null: it waits for nobody."""

    run_id: str
    integration_id: str
    rule_id: str
    webhook_id: str
    order: bytes | None


@dataclass(frozen=True, slots=True)
class Unevaluable:
    """A rule whose condition gave no answer."""

    rule_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Match:
    """What one event led to, and by what: ``chain`` is empty but for events about integrations. ``trace`` is the
    context that its runs go on under."""

    event: CloudEvent
    runs: tuple[Triggered, ...]
    unevaluable: tuple[Unevaluable, ...]
    chain: tuple[str, ...]
    config_offset: int
    accepted_ms: int
    now_ms: int
    trace: TraceContext | None = None


def match(
    event: CloudEvent,
    configuration: Configuration,
    evaluate: Evaluate,
    *,
    chain: tuple[str, ...] = (),
    config_offset: int,
    accepted_ms: int,
    now_ms: int,
    trace: TraceContext | None = None,
) -> Match:
    """Match one event.

    ``config_offset`` is the offset below which ``configuration`` is complete.
    """
    runs: list[Triggered] = []
    unevaluable: list[Unevaluable] = []
    rules = configuration.rules_for(event.organization, event.type) if len(chain) <= MAX_CHAIN else ()
    for rule in rules:
        answer = True if rule.condition is None else evaluate(rule.condition)
        if isinstance(answer, NoAnswer):
            unevaluable.append(Unevaluable(rule.id, answer.reason))
        elif answer is True:
            runs.extend(
                _triggered(rule.id, target, event) for target in rule.targets if target.integration_id not in chain
            )
    return Match(event, tuple(runs), tuple(unevaluable), chain, config_offset, accepted_ms, now_ms, trace)


def _triggered(rule_id: str, target: Target, event: CloudEvent) -> Triggered:
    run_id = run_id_of_event(event.organization, event.source, event.id, target.integration_id)
    return Triggered(run_id, target.integration_id, rule_id, target.webhook_id, _order_of(target, event))


def _order_of(target: Target, event: CloudEvent) -> bytes | None:
    """The key under which a run waits for others; None when it waits for nobody.

    An event without a subject has no order per subject, not upstream either: such events are spread over partitions.
    """
    match target.ordering:
        case Ordering.INTEGRATION:
            return ordering_key(event.organization, target.integration_id, None)
        case Ordering.SUBJECT if event.subject is not None:
            return ordering_key(event.organization, target.integration_id, event.subject)
        case _:
            return None
