"""Requests to enable or disable an integration.

Only the disabler writes integration state, so ingest can only ask: a request takes its place on
``integration-events`` among the outcomes it must be ordered with.
"""

from enum import StrEnum

from shared.core.messages.integration_events import (
    DISABLE_REQUESTED,
    ENABLE_REQUESTED,
    IntegrationEvent,
    SeenState,
    StateRequest,
)
from shared.core.messages.state import IntegrationState
from shared.core.records import OutRecord

#: CloudEvents source of what ingest publishes itself.
SOURCE = "/hookfleet/ingest"


class Wish(StrEnum):
    """What is asked for; the word users see."""

    ENABLE = "enable"
    DISABLE = "disable"


_TYPE_OF = {Wish.ENABLE: ENABLE_REQUESTED, Wish.DISABLE: DISABLE_REQUESTED}


def state_request_record(
    wish: Wish,
    *,
    organization: str,
    integration_id: str,
    reason: str | None,
    seen: IntegrationState | None,
    requested_by: str,
    request_id: str,
    time: str,
    topic: str,
) -> OutRecord:
    """The record that asks. ``seen`` is the state as it is known here, null where there is none; ``request_id`` is
    unique to this request, ``time`` is RFC 3339."""
    event = IntegrationEvent(
        id=request_id,
        source=SOURCE,
        type=_TYPE_OF[wish],
        organization=organization,
        time=time,
        data=StateRequest(
            integration_id=integration_id,
            requested_by=requested_by,
            reason=reason or f"{wish.value} requested over the API",
            seen=None if seen is None else SeenState(enabled=seen.enabled, epoch=seen.epoch),
        ),
    )
    return OutRecord(topic, event.key, event.encode(), event.headers())
