"""Requests to enable or disable, as the disabler will read them."""

import pytest

from services.ingest.core.state_requests import Wish, state_request_record
from shared.core.messages.integration_events import (
    DISABLE_REQUESTED,
    ENABLE_REQUESTED,
    IntegrationEvent,
    SeenState,
    StateRequest,
    decode_integration_event,
)
from shared.core.messages.state import IntegrationState
from shared.core.records import OutRecord
from shared.core.topics import integration_key


def ask(
    wish: Wish, reason: str | None = None, seen: IntegrationState | None = None
) -> tuple[OutRecord, IntegrationEvent]:
    record = state_request_record(
        wish,
        organization="acme",
        integration_id="i1",
        reason=reason,
        seen=seen,
        requested_by="api-key",
        request_id="r-1",
        time="2030-01-31T12:00:00Z",
        topic="integration-events",
    )
    return record, decode_integration_event(record.value or b"")


@pytest.mark.parametrize(("wish", "kind"), [(Wish.ENABLE, ENABLE_REQUESTED), (Wish.DISABLE, DISABLE_REQUESTED)])
def test_the_type_says_what_is_asked(wish: Wish, kind: str) -> None:
    record, event = ask(wish)
    assert event.type == kind
    assert dict(record.headers)["type"] == kind.encode()


def test_it_is_ordered_with_the_integrations_outcomes() -> None:
    assert ask(Wish.ENABLE)[0].key == integration_key("acme", "i1")


def test_the_reason_is_carried() -> None:
    assert ask(Wish.DISABLE, "receiver moves")[1].data == StateRequest(
        integration_id="i1", requested_by="api-key", reason="receiver moves"
    )


def test_it_says_how_the_state_stood_for_whoever_asks() -> None:
    state = IntegrationState(organization="acme", integration_id="i1", enabled=False, epoch=3, since_ms=1, reason="r")
    data = ask(Wish.ENABLE, seen=state)[1].data
    assert isinstance(data, StateRequest)
    assert data.seen == SeenState(enabled=False, epoch=3)


def test_without_a_reason_it_says_where_it_came_from() -> None:
    data = ask(Wish.ENABLE)[1].data
    assert isinstance(data, StateRequest)
    assert data.reason == "enable requested over the API"
