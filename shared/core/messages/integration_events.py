"""The public, versioned contract on ``integration-events``: how runs end and what becomes of integrations.

Every record is a CloudEvent in structured JSON whose ``data`` is one of the models below, chosen by its type; the type
is also a record header, so that a reader skips what it does not follow without decoding. Requests to enable or disable
are events too: they take their place in the order that decides.

The first terminal outcome of a run in the order of this topic is the run's outcome, for every reader alike.
"""

from enum import StrEnum
from typing import Any, Final, Literal

import orjson
from pydantic import ValidationError

from shared.core.cloud_events import check_event, parse_json
from shared.core.faults import Fault, InvalidInput, faults_of
from shared.core.messages.base import (
    ORGANIZATION_HEADER,
    RUN_ID_HEADER,
    TYPE_HEADER,
    EventRef,
    Headers,
    Message,
)
from shared.core.messages.delivery import AttemptSummary, Trigger
from shared.core.topics import integration_key
from shared.core.trace_context import TraceContext, context_of_event, read_context

RUN_COMPLETED: Final = "integration.run.completed"
RUN_SKIPPED: Final = "integration.run.skipped"
VALIDATION_ERROR: Final = "integration.validation.error"
MISSING_MAPPING_ERROR: Final = "integration.missingaccountmapping.error"
AUTHENTICATION_ERROR: Final = "integration.authentication.error"
PERFORM_ERROR: Final = "integration.perform.error"
DISABLED_ERROR: Final = "integration.disabled.error"
ENABLED: Final = "integration.enabled"
ENABLE_REQUESTED: Final = "integration.enable.requested"
DISABLE_REQUESTED: Final = "integration.disable.requested"

RUN_ERRORS: Final = frozenset({VALIDATION_ERROR, MISSING_MAPPING_ERROR, AUTHENTICATION_ERROR, PERFORM_ERROR})
#: Types that end a run.
RUN_OUTCOMES: Final = RUN_ERRORS | {RUN_COMPLETED, RUN_SKIPPED}


class RunStatus(StrEnum):
    """Every status a run can have; the last seven end it."""

    SCHEDULED = "SCHEDULED"
    SCHEDULED_BUT_DELETED = "SCHEDULED_BUT_DELETED"
    WAITING = "WAITING"
    IN_PROGRESS = "IN_PROGRESS"
    AWAITING_RETRY = "AWAITING_RETRY"
    RATE_LIMITED = "RATE_LIMITED"
    COMPLETED = "COMPLETED"
    COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
    FAILED = "FAILED"
    AUTH_FAILED = "AUTH_FAILED"
    TIMED_OUT = "TIMED_OUT"
    DISABLED = "DISABLED"
    CANCELLED = "CANCELLED"


class CodeOrigin(StrEnum):
    """Whose error code it is: the receiver's answer, or ours."""

    RECEIVER = "receiver"
    HOOKFLEET = "hookfleet"


class ErrorDetail(Message):
    """Why something failed and what to do about it, in plain words for the people who own the receiver. ``detail`` is
    what the cause does not tell of this one failure: a name, a position, what a server said."""

    code: str
    origin: CodeOrigin
    cause: str
    remedy: str
    detail: str | None = None

    @property
    def happened(self) -> str:
        """Cause and detail as one clause."""
        return self.cause if self.detail is None else f"{self.cause}: {self.detail}"


class Entity(Message):
    """What in the producer's system the error is about."""

    type: str
    id: str


class CallerContext(Message):
    """Who acted in the producer's system, where the event says so."""

    user_id: str | None = None
    user_email: str | None = None
    company_id: str | None = None
    company_name: str | None = None
    application_id: str | None = None
    application_uuid: str | None = None
    application_name: str | None = None


class RunOutcome(Message):
    """How a run ended. ``epoch``, ``failure_limit`` and ``minimum_failing_ms`` are those in force for this run, so that
    the disabler decides from this record alone."""

    v: Literal[1] = 1
    run_id: str
    webhook_id: str
    integration_id: str
    rule_id: str | None = None
    trigger: Trigger = Trigger.EVENT
    event: EventRef
    origin_run_id: str | None = None
    chain: tuple[str, ...] = ()
    status: RunStatus
    step: int
    attempts: tuple[AttemptSummary, ...] = ()
    accepted_ms: int
    created_ms: int
    ended_ms: int
    epoch: int
    failure_limit: int
    minimum_failing_ms: int = 0
    message: str
    error: ErrorDetail | None = None
    entity: Entity | None = None
    context: CallerContext | None = None


class IntegrationDisabled(Message):
    """``integration.disabled.error``: after this, runs end DISABLED until somebody enables the integration."""

    v: Literal[1] = 1
    integration_id: str
    epoch: int
    since_ms: int
    reason: str
    message: str
    failed_runs: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()


class IntegrationEnabled(Message):
    """``integration.enabled``: a new epoch has begun."""

    v: Literal[1] = 1
    integration_id: str
    epoch: int
    since_ms: int
    requested_by: str


class SeenState(Message):
    """How ``integration-state`` stood for somebody."""

    enabled: bool
    epoch: int


class StateRequest(Message):
    """Somebody asks to enable or disable; the disabler answers. ``seen`` is what they knew of the integration, null
    where they did not look or there was no record; the disabler needs it only when it has lost its own memory."""

    v: Literal[1] = 1
    integration_id: str
    requested_by: str
    reason: str
    seen: SeenState | None = None


EventData = RunOutcome | IntegrationDisabled | IntegrationEnabled | StateRequest

DATA_OF: Final[dict[str, type[EventData]]] = {
    **dict.fromkeys(RUN_OUTCOMES, RunOutcome),
    DISABLED_ERROR: IntegrationDisabled,
    ENABLED: IntegrationEnabled,
    ENABLE_REQUESTED: StateRequest,
    DISABLE_REQUESTED: StateRequest,
}


class IntegrationEvent(Message):
    """One record: the CloudEvent attributes that are ours to choose, and the typed data."""

    id: str
    source: str
    type: str
    organization: str
    time: str
    data: EventData
    traceparent: str | None = None
    tracestate: str | None = None

    @property
    def key(self) -> bytes:
        return integration_key(self.organization, self.data.integration_id)

    def encode(self) -> bytes:
        """A CloudEvent in structured JSON; its subject is the integration."""
        return encode_event(
            event_id=self.id,
            source=self.source,
            event_type=self.type,
            organization=self.organization,
            integration_id=self.data.integration_id,
            time=self.time,
            data=orjson.Fragment(self.data.encode()),
            trace=read_context(self.traceparent, self.tracestate),
        )

    def headers(self) -> Headers:
        run_id = self.data.run_id if isinstance(self.data, RunOutcome) else None
        return event_headers(self.organization, self.type, run_id)


def encode_event(
    *,
    event_id: str,
    source: str,
    event_type: str,
    organization: str,
    integration_id: str,
    time: str,
    data: orjson.Fragment | dict[str, object],
    trace: TraceContext | None = None,
) -> bytes:
    """A CloudEvent in structured JSON; its subject is the integration. ``data`` is of the type's form (`DATA_OF`),
    ``trace`` stands in the attributes that the distributed tracing extension has for it."""
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": event_type,
        "organization": organization,
        "subject": integration_id,
        "time": time,
        "datacontenttype": "application/json",
        "data": data,
    }
    if trace is not None:
        event |= trace.headers()
    return orjson.dumps(event)


def event_headers(organization: str, event_type: str, run_id: str | None) -> Headers:
    """Headers of a record; ``run_id`` is null where the event ends no run."""
    headers: Headers = [
        (ORGANIZATION_HEADER, organization.encode()),
        (TYPE_HEADER, event_type.encode()),
        ("content-type", b"application/cloudevents+json"),
    ]
    if run_id is not None:
        headers.append((RUN_ID_HEADER, run_id.encode()))
    return headers


def decode_integration_event(value: bytes) -> IntegrationEvent:
    """Read one record.

    Raises InvalidInput when it is not a CloudEvent, its type is unknown or its data do not fit the type.
    """
    event = check_event(parse_json(value, "(value)"))
    model = DATA_OF.get(event.type)
    if model is None:
        raise InvalidInput([Fault("type", "not an integration event this version knows", "upgrade this service")])
    try:
        data: Any = model.model_validate(event.data)
    except ValidationError as error:
        raise InvalidInput(faults_of(error, "data")) from None
    trace = context_of_event(event.document)
    return IntegrationEvent.model_construct(
        id=event.id,
        source=event.source,
        type=event.type,
        organization=event.organization,
        time=event.time or "",
        data=data,
        traceparent=None if trace is None else trace.traceparent,
        tracestate=None if trace is None else trace.state,
    )


def chain_of(value: bytes) -> tuple[str, ...]:
    """The integrations whose errors led to a record of this topic, oldest first, the one it is about last.

    Raises InvalidInput as `decode_integration_event` does.
    """
    data = decode_integration_event(value).data
    led_here = data.chain if isinstance(data, RunOutcome | IntegrationDisabled) else ()
    return (*led_here, data.integration_id)
