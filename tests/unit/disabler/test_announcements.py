"""A decision as records."""

import orjson

from services.disabler.announcements import announce
from services.disabler.core.streak import Disable, Enable
from shared.core.identifiers import event_id_of_decision
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    ENABLED,
    IntegrationDisabled,
    IntegrationEnabled,
    decode_integration_event,
)
from shared.core.messages.state import IntegrationState
from shared.core.topics import topics

TOPICS = topics("", 6)
DISABLE = Disable(
    offset=41,
    epoch=2,
    since_ms=1_900_000_000_250,
    reason="2 successive failed runs",
    message="The last 2 runs failed.",
    failed_runs=("a", "b"),
    chain=("upstream",),
)
ENABLE = Enable(offset=42, epoch=3, since_ms=1_900_000_001_000, requested_by="ada", reason="corrected")


def test_a_disable_is_a_state_and_an_error_event_under_the_key_of_the_integration() -> None:
    state, event = announce("acme", "bills", DISABLE, TOPICS)
    assert (state.topic, event.topic) == ("integration-state", "integration-events")
    assert state.key == event.key == b"acme/bills"
    assert IntegrationState.model_validate_json(state.value or b"") == IntegrationState(
        organization="acme",
        integration_id="bills",
        enabled=False,
        epoch=2,
        since_ms=1_900_000_000_250,
        reason="2 successive failed runs",
    )
    said = decode_integration_event(event.value or b"")
    assert said.id == event_id_of_decision("acme", "bills", DISABLED_ERROR, 2)
    assert said.time == "2030-03-17T17:46:40.250Z"
    assert isinstance(said.data, IntegrationDisabled)
    assert (said.data.failed_runs, said.data.chain) == (("a", "b"), ("upstream",))
    assert ("type", DISABLED_ERROR.encode()) in event.headers
    assert ("organization", b"acme") in event.headers
    assert ("organization", b"acme") in state.headers


def test_an_enable_names_the_new_epoch_and_who_asked() -> None:
    state, event = announce("acme", "bills", ENABLE, TOPICS)
    assert orjson.loads(state.value or b"")["enabled"] is True
    said = decode_integration_event(event.value or b"")
    assert said.id == event_id_of_decision("acme", "bills", ENABLED, 3)
    assert isinstance(said.data, IntegrationEnabled)
    assert (said.data.epoch, said.data.requested_by) == (3, "ada")


def test_announcing_twice_writes_the_same_bytes() -> None:
    assert announce("acme", "bills", DISABLE, TOPICS) == announce("acme", "bills", DISABLE, TOPICS)
