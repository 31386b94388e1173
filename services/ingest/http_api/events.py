"""``POST /v1/events``: system events come in. 202 means that every replica has them."""

from http import HTTPStatus
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response

from services.ingest.core.event_batch import (
    MAX_BATCH_EVENTS,
    AcceptedEvent,
    EventVerdict,
    RefusedEvent,
    judge_batch,
    judge_event,
)
from services.ingest.http_api.event_bodies import ManyEvents, OneEvent, read_events
from services.ingest.http_api.openapi_schema import EVENTS_OPERATION
from services.ingest.http_api.problems import invalid, too_large, unavailable
from services.ingest.http_api.request_bodies import RequestBodies
from services.ingest.record_acceptance import NotAcknowledged, RecordAcceptance
from shared.adapters import metrics
from shared.adapters.clock import Clock, rfc3339
from shared.core.records import OutRecord

#: A batch as sent, in bytes. A single event is bounded by its structured form, whatever the white space around it.
MAX_BODY_BYTES = 8 * 1024 * 1024


def events_router(
    *, acceptance: RecordAcceptance, bodies: RequestBodies, organization: str, topic: str, clock: Clock
) -> APIRouter:
    """Routes for events."""
    router = APIRouter(tags=["events"])

    @router.post("/v1/events", status_code=202, openapi_extra=EVENTS_OPERATION, summary="Send events")
    async def send_events(request: Request, raw: Annotated[bytes, Depends(bodies.up_to(MAX_BODY_BYTES))]) -> Response:
        """One CloudEvent (structured or binary mode) or a batch. Sending the same event again is harmless."""
        received = rfc3339(clock())
        match read_events(request, raw):
            case OneEvent(document):
                verdict = judge_event(document, field="", organization=organization, received=received, topic=topic)
                return await _answer_one(verdict, acceptance)
            case ManyEvents(documents):
                if len(documents) > MAX_BATCH_EVENTS:
                    raise too_large("(body)", f"more than {MAX_BATCH_EVENTS} events", "send several batches")
                verdicts = judge_batch(documents, organization=organization, received=received, topic=topic)
                return await _answer_batch(verdicts, acceptance)

    return router


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
