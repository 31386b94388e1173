"""What an integration event says to people, in one sentence or two."""

from typing import assert_never

from shared.core.messages.integration_events import (
    EventData,
    IntegrationDisabled,
    IntegrationEnabled,
    RunOutcome,
    StateRequest,
)


def message_of(data: EventData) -> str:
    """The message that the event carries, or what it amounts to."""
    match data:
        case RunOutcome() | IntegrationDisabled():
            return data.message
        case IntegrationEnabled():
            return f"Enabled by {data.requested_by}."
        case StateRequest():
            return f"Requested by {data.requested_by}: {data.reason}"
        case _:
            assert_never(data)
