"""What the dispatcher keeps in memory of the two compacted topics, fed record by record."""

from services.dispatcher.core.configuration import Configuration
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.state import IntegrationState
from shared.core.records import Record
from shared.core.resources import Kind, Resource


def apply_config(configuration: Configuration, record: Record) -> None:
    """Raises InvalidInput or pydantic.ValidationError when the record is no resource."""
    parts = (record.key or b"").decode().split("/")
    if len(parts) != 3 or parts[0] not in set(Kind):
        raise InvalidInput([Fault("(key)", "not kind/organization/id", "only ingest writes this topic")])
    kind, organization, resource_id = Kind(parts[0]), parts[1], parts[2]
    resource = None if record.value is None else Resource.model_validate_json(record.value)
    configuration.apply(kind, organization, resource_id, resource)


class IntegrationStates:
    """Enabled or disabled, by integration. One thread applies, any thread reads."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, str], IntegrationState] = {}

    def apply(self, record: Record) -> None:
        """Raises pydantic.ValidationError when the record is no state."""
        if record.value is None:
            organization, _, integration_id = (record.key or b"").decode().partition("/")
            self._states.pop((organization, integration_id), None)
            return
        state = IntegrationState.model_validate_json(record.value)
        self._states[state.organization, state.integration_id] = state

    def of(self, organization: str, integration_id: str) -> IntegrationState | None:
        """None: never disabled nor enabled by hand, which means enabled in the first epoch."""
        return self._states.get((organization, integration_id))
