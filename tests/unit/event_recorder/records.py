"""Records as the fleet writes them, for tests of the recorder: one function a kind of record."""

from __future__ import annotations

from shared.core.identifiers import event_id_of_run, run_id_of_event
from shared.core.messages.base import EventRef
from shared.core.messages.delivery import AttemptSummary, Trigger
from shared.core.messages.integration_events import (
    PERFORM_ERROR,
    RUN_COMPLETED,
    RUN_SKIPPED,
    CodeOrigin,
    ErrorDetail,
    EventData,
    IntegrationEvent,
    RunOutcome,
    RunStatus,
    decode_integration_event,
)
from shared.core.messages.run_log import (
    AttemptRecord,
    Body,
    Exchange,
    HttpRequestRecord,
    HttpResponseRecord,
    MatchRecord,
    PlannedRun,
    RunFacts,
    SkipRecord,
    Stage,
    StageName,
    UnevaluableRule,
)
from shared.core.messages.state import IntegrationState
from shared.core.records import Record
from shared.core.resources import Integration, Kind, Resource
from shared.core.topics import (
    config_key,
    integration_key,
    match_key,
    run_key,
    system_event_key,
    topics,
)

TOPICS = topics("", 12)
ORGANIZATION = "acme"
INTEGRATION = "bills-to-erp"
SOURCE = "billing"
START_MS = 1_800_000_000_000
ERROR = ErrorDetail(
    code="http_500",
    origin=CodeOrigin.RECEIVER,
    cause="The receiver answered 500.",
    remedy="Look at the receiver's log.",
)
TYPE_OF_STATUS = {
    RunStatus.COMPLETED: RUN_COMPLETED,
    RunStatus.FAILED: PERFORM_ERROR,
    RunStatus.DISABLED: RUN_SKIPPED,
}


def record(topic: str, key: bytes, value: bytes | None, offset: int, partition: int = 0) -> Record:
    return Record(topic, partition, offset, key, value, (), START_MS)


def event_ref(event_id: str = "e-1") -> EventRef:
    return EventRef(source=SOURCE, id=event_id, type="billing.bill.created", subject="bill/1")


def run_id(event_id: str = "e-1", integration_id: str = INTEGRATION, organization: str = ORGANIZATION) -> str:
    return run_id_of_event(organization, SOURCE, event_id, integration_id)


def facts(event_id: str = "e-1", organization: str = ORGANIZATION, created_ms: int = START_MS) -> RunFacts:
    run = run_id(event_id, organization=organization)
    return RunFacts(
        organization=organization,
        run_id=run,
        webhook_id=run,
        integration_id=INTEGRATION,
        rule_id="large-bills",
        trigger=Trigger.EVENT,
        event=event_ref(event_id),
        accepted_ms=START_MS - 5,
        created_ms=created_ms,
    )


def system_event(
    event_id: str = "e-1", *, offset: int = 0, organization: str = ORGANIZATION, data: str = "{}"
) -> Record:
    value = (
        f'{{"specversion":"1.0","id":"{event_id}","source":"{SOURCE}","type":"billing.bill.created",'
        f'"organization":"{organization}","data":{data}}}'
    )
    key = system_event_key(organization, None, event_id)
    return record(TOPICS.system_events.name, key, value.encode(), offset)


def match(
    event_id: str = "e-1",
    *,
    offset: int = 0,
    organization: str = ORGANIZATION,
    fires: bool = True,
    matched_ms: int = START_MS,
    unevaluable: tuple[UnevaluableRule, ...] = (),
) -> Record:
    run = run_id(event_id, organization=organization)
    planned = PlannedRun(run_id=run, integration_id=INTEGRATION, rule_id="large-bills", webhook_id=run)
    said = MatchRecord(
        organization=organization,
        event=event_ref(event_id),
        accepted_ms=START_MS - 5,
        matched_ms=matched_ms,
        config_offset=7,
        runs=(planned,) if fires else (),
        unevaluable=unevaluable,
    )
    return record(TOPICS.run_log.name, match_key(organization, event_id), said.encode(), offset, 1)


def attempt(
    number: int = 1,
    event_id: str = "e-1",
    *,
    offset: int = 0,
    organization: str = ORGANIZATION,
    succeeded: bool = False,
    retry_due_ms: int | None = None,
    answer: str = "no",
    created_ms: int = START_MS,
) -> Record:
    said = AttemptRecord(
        run=facts(event_id, organization, created_ms),
        number=number,
        step=number - 1,
        started_ms=START_MS + number * 1000,
        duration_ms=40,
        stages=(Stage(name=StageName.PERFORM, started_ms=START_MS + 1000, duration_ms=39, ok=succeeded),),
        exchange=Exchange(
            request=HttpRequestRecord(
                method="POST",
                url="https://erp.example/hooks",
                headers=(("content-type", "application/json"),),
                body=Body(text='{"id":"e-1"}', size=12),
            ),
            response=HttpResponseRecord(
                status=200 if succeeded else 500, headers=(), body=Body(text=answer, size=len(answer))
            ),
            duration_ms=39,
        ),
        succeeded=succeeded,
        error=None if succeeded else ERROR,
        retry_due_ms=retry_due_ms,
    )
    run = said.run.run_id
    return record(TOPICS.run_log.name, run_key(organization, run), said.encode(), offset, 2)


def skip(event_id: str = "e-1", *, offset: int = 0) -> Record:
    said = SkipRecord(
        run=facts(event_id),
        step=0,
        skipped_ms=START_MS + 10,
        status=RunStatus.DISABLED,
        reason="The integration is disabled.",
        body=Body(text='{"id":"e-1"}', size=12),
    )
    return record(TOPICS.run_log.name, run_key(ORGANIZATION, said.run.run_id), said.encode(), offset, 2)


def outcome(
    status: RunStatus = RunStatus.COMPLETED,
    event_id: str = "e-1",
    *,
    attempts: int = 1,
    offset: int = 0,
    organization: str = ORGANIZATION,
    created_ms: int = START_MS,
) -> Record:
    run = facts(event_id, organization, created_ms)
    failed = status is RunStatus.FAILED
    data = RunOutcome(
        run_id=run.run_id,
        webhook_id=run.webhook_id,
        integration_id=INTEGRATION,
        rule_id=run.rule_id,
        event=run.event,
        status=status,
        step=max(0, attempts - 1),
        attempts=tuple(
            AttemptSummary(number=number, started_ms=START_MS + number * 1000, duration_ms=40, code="x")
            for number in range(1, attempts + 1)
        ),
        accepted_ms=run.accepted_ms,
        created_ms=run.created_ms,
        ended_ms=START_MS + 9_000 + offset,
        epoch=0,
        failure_limit=20,
        message="Failed for good." if failed else "Delivered.",
        error=ERROR if failed else None,
    )
    kind = TYPE_OF_STATUS[status]
    return integration_event(kind, data, event_id_of_run(run.run_id, kind), offset=offset, organization=organization)


def integration_event(
    kind: str,
    data: EventData,
    event_id: str,
    *,
    offset: int = 0,
    organization: str = ORGANIZATION,
    time: str = "2027-01-15T08:00:09Z",
) -> Record:
    event = IntegrationEvent(
        id=event_id,
        source="hookfleet/dispatcher",
        type=kind,
        organization=organization,
        time=time,
        data=data,
    )
    return record(TOPICS.integration_events.name, event.key, event.encode(), offset, 3)


def integration_resource(
    name: str | None, *, offset: int = 0, integration_id: str = INTEGRATION, organization: str = ORGANIZATION
) -> Record:
    """The integration under ``name``; None deletes it."""
    key = config_key(Kind.INTEGRATION, organization, integration_id)
    if name is None:
        return record(TOPICS.config.name, key, None, offset)
    spec = Integration(name=name, rule="large-bills", webhook="erp-inbox")
    said = Resource(
        kind=Kind.INTEGRATION,
        organization=organization,
        id=integration_id,
        spec=spec,
        created_ms=START_MS,
        updated_ms=START_MS + offset,
    )
    return record(TOPICS.config.name, key, said.encode(), offset)


def state(enabled: bool | None, *, offset: int = 0) -> Record:
    """The integration's state; None deletes it."""
    key = integration_key(ORGANIZATION, INTEGRATION)
    if enabled is None:
        return record(TOPICS.integration_state.name, key, None, offset)
    said = IntegrationState(
        organization=ORGANIZATION,
        integration_id=INTEGRATION,
        enabled=enabled,
        epoch=offset,
        since_ms=START_MS,
        reason="by hand",
    )
    return record(TOPICS.integration_state.name, key, said.encode(), offset)


def decode(outcome: Record) -> RunOutcome:
    """What a record of `outcome` says."""
    data = decode_integration_event(outcome.value or b"").data
    assert isinstance(data, RunOutcome)
    return data
