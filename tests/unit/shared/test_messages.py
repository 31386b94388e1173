"""The records services write to each other, written and read again."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.core.faults import InvalidInput
from shared.core.messages import integration_events as events
from shared.core.messages.base import EventRef, Message
from shared.core.messages.delivery import DUE_HEADER, AttemptSummary, DeliveryRequest, Trigger
from shared.core.messages.run_log import (
    AttemptRecord,
    Body,
    MatchRecord,
    PlannedRun,
    RunFacts,
    SkipRecord,
    Stage,
    StageName,
    UnevaluableRule,
    decode_run_log,
)
from shared.core.messages.state import IntegrationState

_TEXT = st.text(st.characters(codec="utf-8"), max_size=10)
EVENT = EventRef(source="billing", id="e1", type="billing.bill.created", subject="bill-7")
FACTS = RunFacts(
    organization="acme",
    run_id="r",
    webhook_id="w",
    integration_id="i",
    trigger=Trigger.EVENT,
    event=EVENT,
    accepted_ms=1,
    created_ms=2,
)
RUN_LOG = [
    MatchRecord(
        organization="acme",
        event=EVENT,
        accepted_ms=1,
        matched_ms=2,
        config_offset=3,
        runs=(PlannedRun(run_id="r", integration_id="i", rule_id="u", webhook_id="w"),),
        unevaluable=(UnevaluableRule(rule_id="v", reason="no such field"),),
    ),
    AttemptRecord(
        run=FACTS,
        number=1,
        step=0,
        started_ms=5,
        duration_ms=6,
        stages=(Stage(name=StageName.PERFORM, started_ms=5, duration_ms=6, ok=True),),
        succeeded=True,
    ),
    SkipRecord(
        run=FACTS, step=0, skipped_ms=5, status=events.RunStatus.DISABLED, reason="x", body=Body(text="{}", size=2)
    ),
]
DATA: dict[str, events.EventData] = {
    events.RUN_COMPLETED: events.RunOutcome(
        run_id="r",
        webhook_id="w",
        integration_id="i",
        event=EVENT,
        status=events.RunStatus.COMPLETED,
        step=1,
        accepted_ms=1,
        created_ms=2,
        ended_ms=3,
        epoch=0,
        failure_limit=20,
        message="Delivered.",
    ),
    events.DISABLED_ERROR: events.IntegrationDisabled(
        integration_id="i", epoch=0, since_ms=1, reason="x", message="y", failed_runs=("r",)
    ),
    events.ENABLED: events.IntegrationEnabled(integration_id="i", epoch=1, since_ms=1, requested_by="ada"),
    events.ENABLE_REQUESTED: events.StateRequest(integration_id="i", requested_by="ada", reason="mended"),
    events.DISABLE_REQUESTED: events.StateRequest(integration_id="i", requested_by="ada", reason="moving"),
}


def integration_event(event_type: str) -> events.IntegrationEvent:
    return events.IntegrationEvent(
        id="x", source="s", type=event_type, organization="acme", time="2030-01-31T12:00:00Z", data=DATA[event_type]
    )


@pytest.mark.parametrize("record", RUN_LOG, ids=lambda record: record.kind)
def test_a_run_log_record_comes_back_as_its_own_kind(record: MatchRecord | AttemptRecord | SkipRecord) -> None:
    assert decode_run_log(record.encode()) == record


@pytest.mark.parametrize("record", RUN_LOG, ids=lambda record: record.kind)
def test_fields_of_a_newer_version_are_skipped(record: MatchRecord | AttemptRecord | SkipRecord) -> None:
    assert decode_run_log(orjson.dumps(orjson.loads(record.encode()) | {"newer": {"a": 1}})) == record


@pytest.mark.parametrize("raw", [b"", b"null", b"{}", b'{"kind":"other"}', b"\xff", b'{"kind":"match","v":2}'])
def test_what_is_no_run_log_record_is_a_validation_error(raw: bytes) -> None:
    with pytest.raises(ValidationError):
        decode_run_log(raw)


@pytest.mark.parametrize("event_type", DATA)
def test_an_integration_event_comes_back_with_data_of_its_type(event_type: str) -> None:
    written = integration_event(event_type)
    read = events.decode_integration_event(written.encode())
    assert read == written
    assert type(read.data) is type(DATA[event_type])


@pytest.mark.parametrize("event_type", DATA)
def test_an_integration_event_is_a_cloud_event_about_its_integration(event_type: str) -> None:
    document = orjson.loads(integration_event(event_type).encode())
    assert (document["specversion"], document["type"], document["subject"]) == ("1.0", event_type, "i")
    headers = dict(integration_event(event_type).headers())
    assert headers["type"] == event_type.encode()
    assert headers["organization"] == b"acme"
    assert ("run-id" in headers) is isinstance(DATA[event_type], events.RunOutcome)


def test_every_type_has_a_form_for_its_data() -> None:
    constants = {
        value for value in vars(events).values() if isinstance(value, str) and value.startswith("integration.")
    }
    assert constants == set(events.DATA_OF)
    assert events.RUN_OUTCOMES.issubset(events.DATA_OF)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"type": "integration.unheard.of"}, "type"),
        ({"data": {}}, "data.run_id"),
        ({"data": None}, "data"),
        ({"id": ""}, "id"),
    ],
)
def test_what_is_no_integration_event_is_invalid_by_field(changes: dict[str, Any], field: str) -> None:
    document = orjson.loads(integration_event(events.RUN_COMPLETED).encode()) | changes
    with pytest.raises(InvalidInput) as caught:
        events.decode_integration_event(orjson.dumps(document))
    assert field in {fault.field for fault in caught.value.faults}


@given(
    st.builds(
        DeliveryRequest,
        run_id=_TEXT,
        webhook_id=_TEXT,
        organization=_TEXT,
        integration_id=_TEXT,
        event=st.builds(EventRef, source=_TEXT, id=_TEXT, type=_TEXT, subject=st.none() | _TEXT),
        rule_id=st.none() | _TEXT,
        chain=st.lists(_TEXT, max_size=3).map(tuple),
        config_offset=st.integers(0, 2**62),
        accepted_ms=st.integers(0, 2**50),
        created_ms=st.integers(0, 2**50),
        attempts=st.lists(
            st.builds(
                AttemptSummary,
                number=st.integers(1, 9),
                started_ms=st.integers(0, 2**50),
                duration_ms=st.integers(0, 2**30),
                code=_TEXT,
            ),
            max_size=3,
        ).map(tuple),
        epoch=st.none() | st.integers(0, 99),
    )
)
def test_a_delivery_request_survives_its_header(request_: DeliveryRequest) -> None:
    headers = dict(request_.headers(due_ms=17))
    assert DeliveryRequest.model_validate_json(headers["delivery"]) == request_
    assert headers[DUE_HEADER] == b"17"
    assert DUE_HEADER not in dict(request_.headers())


def test_a_state_survives_the_topic() -> None:
    state = IntegrationState(
        organization="acme", integration_id="i", enabled=False, epoch=2, since_ms=1, reason="20 failed runs"
    )
    assert IntegrationState.model_validate_json(state.encode()) == state


@pytest.mark.parametrize("message", [*RUN_LOG, *DATA.values(), EVENT])
def test_a_message_cannot_be_changed(message: Message) -> None:
    field = next(iter(type(message).model_fields))
    with pytest.raises(ValidationError):
        setattr(message, field, None)
