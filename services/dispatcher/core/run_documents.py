"""What the send stage writes about a run, put together as plain documents.

The forms are those of `shared.core.messages`: the models there say what each field means, and read it. Building models
only to have them written at once was the largest part of what a delivery cost (docs/performance.md), so this module
writes the same documents directly. It checks nothing, because every value comes out of something that was checked; a
test reads all that is written here with the models and demands that they write the same bytes.
"""

import base64
from collections.abc import Sequence

from services.dispatcher.core.exchange import Answer, Request, Result
from services.dispatcher.core.redaction import Redaction
from shared.core.messages.base import EventRef
from shared.core.messages.delivery import AttemptSummary, DeliveryRequest
from shared.core.messages.integration_events import CallerContext, Entity, ErrorDetail, RunStatus
from shared.core.messages.run_log import Stage

#: A JSON object, its fields in the order of its model.
Document = dict[str, object]


def present(document: Document) -> Document:
    """Without the fields that are null."""
    return {name: said for name, said in document.items() if said is not None}


def event_document(event: EventRef) -> Document:
    """`EventRef`."""
    return present(
        {"source": event.source, "id": event.id, "type": event.type, "subject": event.subject, "time": event.time}
    )


def facts_document(request: DeliveryRequest) -> Document:
    """`RunFacts`: what identifies the run in its run-log records."""
    facts = present(
        {
            "organization": request.organization,
            "run_id": request.run_id,
            "webhook_id": request.webhook_id,
            "integration_id": request.integration_id,
            "rule_id": request.rule_id,
            "trigger": request.trigger,
            "event": event_document(request.event),
            "origin_run_id": request.origin_run_id,
            "accepted_ms": request.accepted_ms,
            "created_ms": request.created_ms,
        }
    )
    if request.traceparent is not None:
        facts["trace_id"] = request.trace_id
    return facts


def stage_document(stage: Stage, redaction: Redaction) -> Document:
    """`Stage`, secrets redacted."""
    return present(
        {
            "name": stage.name,
            "started_ms": stage.started_ms,
            "duration_ms": stage.duration_ms,
            "ok": stage.ok,
            "reason": None if stage.reason is None else redaction.text(stage.reason),
        }
    )


def exchange_document(
    request: Request, result: Result, duration_ms: int, redaction: Redaction, event: bytes
) -> Document:
    """`Exchange`, secrets redacted. The ``event`` itself holds what its producer wrote onto a topic; only a body that
    was made of it can hold more."""
    body = request.body
    sent: Document = {
        "method": request.method,
        "url": redaction.url(request.url),
        "headers": redaction.headers(request.headers),
        "body": body_document(body) if body is event else body_document(redaction.body(body), size=len(body)),
    }
    if not isinstance(result, Answer):
        return {"request": sent, "duration_ms": duration_ms}
    response: Document = {
        "status": result.status,
        "headers": redaction.headers(result.headers),
        "body": body_document(
            redaction.body(result.body, truncated=result.truncated), size=len(result.body), truncated=result.truncated
        ),
    }
    return {"request": sent, "response": response, "duration_ms": duration_ms}


def body_document(body: bytes, *, size: int | None = None, truncated: bool = False) -> Document:
    """`Body`: text where it is UTF-8, else base64. ``size`` is what was there before anything was taken out."""
    size = len(body) if size is None else size
    try:
        return {"text": body.decode(), "size": size, "truncated": truncated}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode(), "size": size, "truncated": truncated}


def error_document(error: ErrorDetail) -> Document:
    """`ErrorDetail`."""
    return present(
        {
            "code": error.code,
            "origin": error.origin,
            "cause": error.cause,
            "remedy": error.remedy,
            "detail": error.detail,
        }
    )


def summary_document(attempt: AttemptSummary) -> Document:
    """`AttemptSummary`."""
    return present(
        {
            "number": attempt.number,
            "started_ms": attempt.started_ms,
            "duration_ms": attempt.duration_ms,
            "code": attempt.code,
            "http_status": attempt.http_status,
        }
    )


def outcome_document(
    request: DeliveryRequest,
    *,
    status: RunStatus,
    attempts: Sequence[AttemptSummary],
    ended_ms: int,
    epoch: int,
    failure_limit: int,
    minimum_failing_ms: int,
    message: str,
    error: ErrorDetail | None,
    entity: Entity | None = None,
    context: CallerContext | None = None,
) -> Document:
    """`RunOutcome` of a run that ends with work on ``request``."""
    return present(
        {
            "v": 1,
            "run_id": request.run_id,
            "webhook_id": request.webhook_id,
            "integration_id": request.integration_id,
            "rule_id": request.rule_id,
            "trigger": request.trigger,
            "event": event_document(request.event),
            "origin_run_id": request.origin_run_id,
            "chain": request.chain,
            "status": status,
            "step": request.step + 1,
            "attempts": [summary_document(each) for each in attempts],
            "accepted_ms": request.accepted_ms,
            "created_ms": request.created_ms,
            "ended_ms": ended_ms,
            "epoch": epoch,
            "failure_limit": failure_limit,
            "minimum_failing_ms": minimum_failing_ms,
            "message": message,
            "error": None if error is None else error_document(error),
            "entity": None if entity is None else entity.model_dump(),
            "context": None if context is None else context.model_dump(exclude_none=True),
        }
    )
