"""What the send stage writes about a run, put together as plain documents.

The forms are those of `shared.core.messages`: the models there say what each field means, and read it. Building models
only to have them written at once was the largest part of what a delivery cost (docs/performance.md), so this module
writes the same documents directly. It checks nothing, because every value comes out of something that was checked; a
test reads all that is written here with the models and demands that they write the same bytes.
"""

import base64
from collections.abc import Sequence

from services.dispatcher.core.exchange import Answer, Request, Result
from services.dispatcher.core.redaction import redact_headers
from shared.core.messages.base import EventRef
from shared.core.messages.delivery import AttemptSummary, DeliveryRequest
from shared.core.messages.integration_events import ErrorDetail, RunStatus
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
    return present(
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


def stage_document(stage: Stage) -> Document:
    """`Stage`."""
    return present(
        {
            "name": stage.name,
            "started_ms": stage.started_ms,
            "duration_ms": stage.duration_ms,
            "ok": stage.ok,
            "reason": stage.reason,
        }
    )


def exchange_document(request: Request, result: Result, duration_ms: int) -> Document:
    """`Exchange`, secrets redacted."""
    sent: Document = {
        "method": request.method,
        "url": request.url,
        "headers": redact_headers(request.headers),
        "body": body_document(request.body),
    }
    if not isinstance(result, Answer):
        return {"request": sent, "duration_ms": duration_ms}
    response: Document = {
        "status": result.status,
        "headers": redact_headers(result.headers),
        "body": body_document(result.body, truncated=result.truncated),
    }
    return {"request": sent, "response": response, "duration_ms": duration_ms}


def body_document(body: bytes, *, truncated: bool = False) -> Document:
    """`Body`: text where it is UTF-8, else base64."""
    try:
        return {"text": body.decode(), "size": len(body), "truncated": truncated}
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(body).decode(), "size": len(body), "truncated": truncated}


def error_document(error: ErrorDetail) -> Document:
    """`ErrorDetail`."""
    return {"code": error.code, "origin": error.origin, "cause": error.cause, "remedy": error.remedy}


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
        }
    )
