"""Small pieces of evidence to put a demonstration's accounting to the test."""

from __future__ import annotations

from deploy.local.demo.core.evidence import Accepted, Evidence, RecordedAttempt
from deploy.local.receivers.core.received_request import ReceivedRequest
from shared.core.dead_letters import DeadLetter, Reason
from shared.core.identifiers import run_id_of_event
from shared.core.messages.base import EventRef
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    RUN_COMPLETED,
    IntegrationDisabled,
    IntegrationEvent,
    RunOutcome,
    RunStatus,
)
from shared.core.messages.run_log import MatchRecord, PlannedRun, UnevaluableRule

ORGANIZATION = "demo"
SOURCE = "/demo/shop"


def run_of(event_id: str, integration: str) -> str:
    return run_id_of_event(ORGANIZATION, SOURCE, event_id, integration)


def accepted(event_id: str, *integrations: str) -> Accepted:
    return Accepted(SOURCE, event_id, frozenset(integrations))


def matched(event_id: str, *integrations: str, unevaluable: tuple[str, ...] = ()) -> MatchRecord:
    return MatchRecord(
        organization=ORGANIZATION,
        event=EventRef(source=SOURCE, id=event_id, type="shop.order.created"),
        accepted_ms=0,
        matched_ms=1,
        config_offset=9,
        runs=tuple(
            PlannedRun(run_id=run_of(event_id, each), integration_id=each, rule_id="rule", webhook_id="webhook")
            for each in integrations
        ),
        unevaluable=tuple(UnevaluableRule(rule_id=each, reason="no such key") for each in unevaluable),
    )


def matched_to_nothing(event: IntegrationEvent) -> MatchRecord:
    """What the dispatcher writes of an event of the fleet's own that fits no rule."""
    return matched(event.id).model_copy(update={"event": EventRef(source=event.source, id=event.id, type=event.type)})


def outcome(
    event_id: str,
    integration: str,
    type_: str = RUN_COMPLETED,
    status: RunStatus = RunStatus.COMPLETED,
) -> IntegrationEvent:
    run_id = run_of(event_id, integration)
    data = RunOutcome(
        run_id=run_id,
        webhook_id=run_id,
        integration_id=integration,
        event=EventRef(source=SOURCE, id=event_id, type="shop.order.created"),
        status=status,
        step=1,
        accepted_ms=0,
        created_ms=1,
        ended_ms=2,
        epoch=0,
        failure_limit=20,
        message="",
    )
    return _event(f"{run_id} {type_}", type_, data)


def disabled(integration: str) -> IntegrationEvent:
    data = IntegrationDisabled(integration_id=integration, epoch=0, since_ms=3, reason="failures", message="")
    return _event(f"{integration} disabled", DISABLED_ERROR, data)


def _event(id_: str, type_: str, data: RunOutcome | IntegrationDisabled) -> IntegrationEvent:
    return IntegrationEvent(
        id=id_, source="/test", type=type_, organization=ORGANIZATION, time="2030-01-01T00:00:00Z", data=data
    )


def request(event_id: str, integration: str, at_ms: int = 1_000, *, status: int = 200) -> ReceivedRequest:
    return ReceivedRequest(at_ms, at_ms + 1, run_of(event_id, integration), "/hook", status)


def attempt(event_id: str, integration: str, number: int = 1) -> RecordedAttempt:
    return RecordedAttempt(run_of(event_id, integration), number)


def dead_delivery(event_id: str, integration: str) -> DeadLetter:
    run_id = run_of(event_id, integration).encode()
    return DeadLetter("deliveries", 0, 1, "dispatcher", Reason.INVALID, "", b"key", b"value", (("run-id", run_id),))


def one_delivery() -> Evidence:
    """One event, one run, delivered at the first attempt."""
    return Evidence(
        organization=ORGANIZATION,
        accepted=(accepted("a", "desk"),),
        matches=(matched("a", "desk"),),
        requested=frozenset({run_of("a", "desk")}),
        attempts=frozenset({attempt("a", "desk")}),
        integration_events=(outcome("a", "desk"),),
        received=(request("a", "desk"),),
    )
