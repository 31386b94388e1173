"""A decision as records: the integration's state, for every service, and an integration event, for people and rules.

Both follow from the decision alone, so announcing twice writes the same bytes under the same id.
"""

from typing import Final, assert_never

from services.disabler.core.streak import Decision, Disable, Enable
from shared.adapters.clock import rfc3339
from shared.core.identifiers import event_id_of_decision
from shared.core.messages.base import ORGANIZATION_HEADER
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    ENABLED,
    IntegrationDisabled,
    IntegrationEnabled,
    IntegrationEvent,
)
from shared.core.messages.state import IntegrationState
from shared.core.records import OutRecord
from shared.core.topics import Topics, integration_key

#: The CloudEvents source of what the disabler says.
SOURCE: Final = "/hookfleet/disabler"


def announce(organization: str, integration_id: str, decision: Decision, topics: Topics) -> tuple[OutRecord, OutRecord]:
    """The state record and the event that make ``decision`` known."""
    data: IntegrationDisabled | IntegrationEnabled
    match decision:
        case Disable():
            event_type, enabled = DISABLED_ERROR, False
            data = IntegrationDisabled(
                integration_id=integration_id,
                epoch=decision.epoch,
                since_ms=decision.since_ms,
                reason=decision.reason,
                message=decision.message,
                failed_runs=decision.failed_runs,
                chain=decision.chain,
            )
        case Enable():
            event_type, enabled = ENABLED, True
            data = IntegrationEnabled(
                integration_id=integration_id,
                epoch=decision.epoch,
                since_ms=decision.since_ms,
                requested_by=decision.requested_by,
            )
        case _:
            assert_never(decision)
    state = IntegrationState(
        organization=organization,
        integration_id=integration_id,
        enabled=enabled,
        epoch=decision.epoch,
        since_ms=decision.since_ms,
        reason=decision.reason,
    )
    event = IntegrationEvent(
        id=event_id_of_decision(organization, integration_id, event_type, decision.epoch),
        source=SOURCE,
        type=event_type,
        organization=organization,
        time=rfc3339(decision.since_ms),
        data=data,
    )
    key = integration_key(organization, integration_id)
    return (
        OutRecord(
            topics.integration_state.name,
            key,
            state.encode(),
            [(ORGANIZATION_HEADER, organization.encode())],
        ),
        OutRecord(topics.integration_events.name, key, event.encode(), event.headers()),
    )
