"""Integration events as the disabler meets them, for its tests."""

from shared.core.messages.base import EventRef
from shared.core.messages.integration_events import (
    AUTHENTICATION_ERROR,
    DISABLE_REQUESTED,
    ENABLE_REQUESTED,
    PERFORM_ERROR,
    RUN_COMPLETED,
    RUN_SKIPPED,
    IntegrationEvent,
    RunOutcome,
    RunStatus,
    SeenState,
    StateRequest,
)

ORGANIZATION = "acme"
INTEGRATION = "bills"
TIME = "2030-01-31T12:00:00Z"

_TYPE_OF = {
    RunStatus.COMPLETED: RUN_COMPLETED,
    RunStatus.DISABLED: RUN_SKIPPED,
    RunStatus.CANCELLED: RUN_SKIPPED,
    RunStatus.AUTH_FAILED: AUTHENTICATION_ERROR,
}


def outcome(
    run_id: str,
    status: RunStatus = RunStatus.FAILED,
    *,
    integration_id: str = INTEGRATION,
    epoch: int = 0,
    limit: int = 20,
    minimum_failing_ms: int = 0,
) -> IntegrationEvent:
    """The end of a run."""
    kind = _TYPE_OF.get(status, PERFORM_ERROR)
    data = RunOutcome(
        run_id=run_id,
        webhook_id=run_id,
        integration_id=integration_id,
        event=EventRef(source="/billing", id=run_id, type="billing.bill.created"),
        status=status,
        step=3,
        accepted_ms=1,
        created_ms=2,
        ended_ms=3,
        epoch=epoch,
        failure_limit=limit,
        minimum_failing_ms=minimum_failing_ms,
        message="The receiver answered 500.",
    )
    return _event(f"outcome-{run_id}", kind, data)


def enable_request(
    integration_id: str = INTEGRATION, *, by: str = "ada", seen: SeenState | None = None
) -> IntegrationEvent:
    data = StateRequest(integration_id=integration_id, requested_by=by, reason="receiver corrected", seen=seen)
    return _event("enable", ENABLE_REQUESTED, data)


def disable_request(
    integration_id: str = INTEGRATION, *, reason: str = "moving house", seen: SeenState | None = None
) -> IntegrationEvent:
    data = StateRequest(integration_id=integration_id, requested_by="ada", reason=reason, seen=seen)
    return _event("disable", DISABLE_REQUESTED, data)


def _event(event_id: str, kind: str, data: RunOutcome | StateRequest) -> IntegrationEvent:
    return IntegrationEvent(id=event_id, source="/test", type=kind, organization=ORGANIZATION, time=TIME, data=data)
