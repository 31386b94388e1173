"""What the dispatcher keeps in memory of the two compacted topics, fed record by record."""

from collections.abc import Callable

from services.dispatcher.core.configuration import Configuration
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.state import IntegrationState
from shared.core.records import Record
from shared.core.resources import Kind

_KINDS = frozenset(Kind)


def apply_config(configuration: Configuration, record: Record) -> None:
    """Raises InvalidInput when the record is not in the form of a resource."""
    parts = (record.key or b"").decode().split("/")
    if len(parts) != 3 or parts[0] not in _KINDS:
        raise InvalidInput([Fault("(key)", "not kind/organization/id", "only ingest writes this topic")])
    kind, organization, resource_id = Kind(parts[0]), parts[1], parts[2]
    if kind is Kind.MAPPING:
        # Apart from the rest: no event matches otherwise because of one, and there may be a million.
        configuration.mappings.apply(organization, resource_id, record.value)
    else:
        configuration.apply(kind, organization, resource_id, record.value)


class IntegrationStates:
    """Enabled or disabled, by integration. One thread applies, any thread reads."""

    def __init__(self) -> None:
        self._states: dict[tuple[str, str], IntegrationState] = {}
        self._disabled: set[tuple[str, str]] = set()

    def apply(self, record: Record) -> None:
        """Raises pydantic.ValidationError when the record is no state."""
        if record.value is None:
            organization, _, integration_id = (record.key or b"").decode().partition("/")
            self._states.pop((organization, integration_id), None)
            self._disabled.discard((organization, integration_id))
            return
        state = IntegrationState.model_validate_json(record.value)
        key = state.organization, state.integration_id
        self._states[key] = state
        if state.enabled:
            self._disabled.discard(key)
        else:
            self._disabled.add(key)

    def count_disabled(self, exists: Callable[[str, str], bool]) -> int:
        """How many integrations that still exist are disabled."""
        return sum(exists(*key) for key in list(self._disabled))

    def of(self, organization: str, integration_id: str) -> IntegrationState | None:
        """None: never disabled nor enabled by hand, which means enabled in the first epoch."""
        return self._states.get((organization, integration_id))
