"""``POST /v1/events``: system events come in. 202 means that every replica has them.

The quota is asked twice. Before the body is read, so that refusing costs little while somebody is over it (measured for
a batch of 1,000 events of 1 KB: 0.4 ms of CPU instead of 85); and when the events have been counted, because many
requests may have been let in for the same room.
"""

from http import HTTPStatus

import orjson
from fastapi import FastAPI, Request, Response

from services.ingest.core.event_batch import (
    MAX_BATCH_EVENTS,
    AcceptedEvent,
    EventVerdict,
    RefusedEvent,
    judge_batch,
    judge_event,
)
from services.ingest.core.event_quota import EventQuota
from services.ingest.http_api.authentication import NEEDS_API_KEY, check_request
from services.ingest.http_api.direct_route import DirectRoute
from services.ingest.http_api.event_bodies import ManyEvents, OneEvent, read_events
from services.ingest.http_api.event_traces import EventTraces
from services.ingest.http_api.openapi_schema import EVENTS_OPERATION, OVER_QUOTA_RESPONSE, PROBLEM_RESPONSES
from services.ingest.http_api.problems import over_quota, unavailable
from services.ingest.http_api.request_bodies import RequestBodies
from services.ingest.record_acceptance import NotAcknowledged, RecordAcceptance
from shared.adapters import metrics
from shared.adapters.clock import Clock, rfc3339
from shared.adapters.tracing import Tracing
from shared.core.problem_documents import invalid, too_large
from shared.core.records import OutRecord

#: A batch as sent, in bytes. A single event is bounded by its structured form, whatever the white space around it.
MAX_BODY_BYTES = 8 * 1024 * 1024


def add_events_route(
    app: FastAPI,
    *,
    api_key: str,
    acceptance: RecordAcceptance,
    bodies: RequestBodies,
    organization: str,
    quota: EventQuota | None,
    topic: str,
    clock: Clock,
    tracing: Tracing,
) -> None:
    """Let ``app`` take events."""

    def admit(events: int) -> None:
        """Raises Problem: 429."""
        if quota is None:
            return
        wait_ms = quota.admit(events, clock())
        if wait_ms > 0:
            metrics.QUOTA_REFUSALS.inc()
            raise over_quota(organization, quota.per_second, wait_ms)

    def judged(
        request: Request, raw: bytes, started_ms: int, traces: EventTraces
    ) -> EventVerdict | tuple[EventVerdict, ...]:
        """What is read from the body, many times its size, ends here: only records wait for the brokers."""
        received = rfc3339(started_ms)
        match read_events(request, raw):
            case OneEvent(document):
                admit(1)
                return judge_event(
                    document,
                    field="",
                    organization=organization,
                    received=received,
                    topic=topic,
                    trace_of=traces.of,
                )
            case ManyEvents(documents):
                if len(documents) > MAX_BATCH_EVENTS:
                    raise too_large("(body)", f"more than {MAX_BATCH_EVENTS} events", "send several batches")
                admit(len(documents))
                return judge_batch(
                    documents, organization=organization, received=received, topic=topic, trace_of=traces.of
                )

    async def send_events(request: Request) -> Response:
        """One CloudEvent (structured or binary mode) or a batch. Sending the same event again is harmless."""
        await check_request(request, api_key)
        admit(0)
        async with bodies.read(request, MAX_BODY_BYTES) as raw:
            started_ms, traces = clock(), EventTraces(tracing, organization, request)
            verdicts = judged(request, raw, started_ms, traces)
            if isinstance(verdicts, tuple):
                answer = await _answer_batch(verdicts, acceptance)
            else:
                answer = await _answer_one(verdicts, acceptance)
                verdicts = (verdicts,)
        traces.accepted((each for each in verdicts if isinstance(each, AcceptedEvent)), started_ms, clock())
        return answer

    app.router.add_api_route(
        "/v1/events",
        send_events,
        methods=["POST"],
        status_code=HTTPStatus.ACCEPTED,
        tags=["events"],
        summary="Send events",
        openapi_extra={**EVENTS_OPERATION, "security": NEEDS_API_KEY},
        responses={**PROBLEM_RESPONSES, **OVER_QUOTA_RESPONSE},
        route_class_override=DirectRoute,
    )


async def _answer_one(verdict: EventVerdict, acceptance: RecordAcceptance) -> Response:
    match verdict:
        case AcceptedEvent():
            await _accept([verdict.record], acceptance)
            return _accepted({"id": verdict.id, "source": verdict.source, "status": "accepted"})
        case RefusedEvent():
            metrics.EVENTS_REFUSED.inc()
            if verdict.too_large:
                fault = verdict.faults[0]
                raise too_large(fault.field, fault.message, fault.fix)
            raise invalid(verdict.faults, "event")


async def _answer_batch(verdicts: tuple[EventVerdict, ...], acceptance: RecordAcceptance) -> Response:
    records = [verdict.record for verdict in verdicts if isinstance(verdict, AcceptedEvent)]
    refused = len(verdicts) - len(records)
    metrics.EVENTS_REFUSED.inc(refused)
    if refused and not records:
        faults = [fault for each in verdicts if isinstance(each, RefusedEvent) for fault in each.faults]
        raise invalid(faults, "batch")
    await _accept(records, acceptance)
    return _accepted(
        {
            "accepted": len(records),
            "refused": refused,
            "events": [_verdict_document(index, verdict) for index, verdict in enumerate(verdicts)],
        }
    )


def _verdict_document(index: int, verdict: EventVerdict) -> dict[str, object]:
    match verdict:
        case AcceptedEvent():
            return {"index": index, "id": verdict.id, "status": "accepted"}
        case RefusedEvent():
            errors = [{"field": fault.field, "message": fault.message, "fix": fault.fix} for fault in verdict.faults]
            return {"index": index, "id": verdict.id, "status": "refused", "errors": errors}


async def _accept(records: list[OutRecord], acceptance: RecordAcceptance) -> None:
    try:
        await acceptance.accept(records)
    except NotAcknowledged as error:
        raise unavailable(
            f"No event was accepted for certain: {error}. Send the same again; an event that arrives twice makes "
            "the same runs."
        ) from None
    metrics.EVENTS_ACCEPTED.inc(len(records))


def _accepted(document: dict[str, object]) -> Response:
    return Response(orjson.dumps(document), HTTPStatus.ACCEPTED, media_type="application/json")
