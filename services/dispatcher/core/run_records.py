"""The records an attempt leads to: its run-log entry, and either the run's outcome or the run on its way to a retry.

Nothing that proves who we are gets into them: what was sent, what came back and what was said about it go through
`services.dispatcher.core.redaction` here, before anything is produced.

All of them are produced together and the delivery request is finished only when all are acknowledged, so a run can
neither vanish between two topics nor go on without a trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import orjson

from services.dispatcher.core.classification import Failed, Succeeded, Verdict
from services.dispatcher.core.error_context import context_of_error
from services.dispatcher.core.exchange import Answer, Request, Result
from services.dispatcher.core.redaction import Redaction, redaction_of
from services.dispatcher.core.retry_policy import GiveUp, Next, RetryAt, TimeUp
from services.dispatcher.core.run_documents import (
    Document,
    body_document,
    error_document,
    exchange_document,
    facts_document,
    outcome_document,
    present,
    stage_document,
)
from shared.core.identifiers import event_id_of_run
from shared.core.messages import integration_events as events
from shared.core.messages.base import ORGANIZATION_HEADER, RUN_ID_HEADER
from shared.core.messages.delivery import AttemptSummary, DeliveryRequest
from shared.core.messages.run_log import Stage
from shared.core.records import OutRecord
from shared.core.retry_tiers import Due, next_hop
from shared.core.topics import Topics, delivery_key, integration_key, run_key
from shared.core.trace_context import TraceContext

SOURCE = "hookfleet/dispatcher"
#: Characters of an error's detail.
MAX_DETAIL = 500


@dataclass(frozen=True, slots=True)
class Attempted:
    """One attempt and what was decided about it. ``request`` is null when none could be built. ``secrets`` are those it
    used, ``entity`` is what the integration's mapping is about, ``trace`` the context that the request carried."""

    request: Request | None
    result: Result
    verdict: Verdict
    next: Next
    stages: tuple[Stage, ...]
    started_ms: int
    ended_ms: int
    secrets: tuple[str, ...] = field(default=(), repr=False)
    entity: events.Entity | None = None
    trace: TraceContext | None = None

    @property
    def code(self) -> str:
        if isinstance(self.verdict, Failed):
            return self.verdict.error.code
        assert isinstance(self.result, Answer)
        return f"http.{self.result.status}"


@dataclass(frozen=True, slots=True)
class Terms:
    """What applies to a run when it ends."""

    epoch: int
    failure_limit: int
    minimum_failing_ms: int


@dataclass(frozen=True, slots=True)
class Retry:
    """A run as its next attempt finds it, when that is due, and when it was decided."""

    request: DeliveryRequest
    due_ms: int
    now_ms: int


@dataclass(frozen=True, slots=True)
class LedTo:
    """What work on a delivery request led to: records to produce and, unless the run has ended, its next attempt.
    Where the run waits for that depends on where it came from."""

    records: list[OutRecord]
    retry: Retry | None = None

    def with_tier(self, value: bytes, topics: Topics) -> list[OutRecord]:
        """All records of a run that waits in a retry tier; ``value`` is the delivery request's own value."""
        if self.retry is None:
            return self.records
        return [*self.records, waiting(self.retry.request, value, self.retry.due_ms, self.retry.now_ms, topics)]


def records_of_attempt(
    request: DeliveryRequest, value: bytes, attempted: Attempted, terms: Terms, topics: Topics, time: str
) -> LedTo:
    """Everything one attempt leads to; ``value`` is the delivery request's own, ``time`` is RFC 3339."""
    summary = AttemptSummary(
        number=request.next_attempt,
        started_ms=attempted.started_ms,
        duration_ms=attempted.ended_ms - attempted.started_ms,
        code=attempted.code,
        http_status=attempted.result.status if isinstance(attempted.result, Answer) else None,
    )
    attempts = (*request.attempts, summary)
    sent = attempted.request
    redaction = redaction_of(attempted.secrets, sent)
    verdict = _told(attempted.verdict, redaction)
    records = [_log_record(request, _attempt(request, value, attempted, verdict, redaction), topics, attempted.trace)]

    ended_ms, named = attempted.ended_ms, attempted.entity

    def ended(event_type: str, status: events.RunStatus, message: str, error: events.ErrorDetail | None) -> OutRecord:
        return _outcome(
            request, value, event_type, status, attempts, message, error, ended_ms, terms, topics, time, named
        )

    match verdict, attempted.next:
        case Succeeded(), _:
            message = f"Delivered at attempt {summary.number}."
            records.append(ended(events.RUN_COMPLETED, events.RunStatus.COMPLETED, message, None))
        case Failed(), RetryAt(due_ms=due_ms):
            after = request.model_copy(
                update={
                    "attempts": attempts,
                    "step": request.step + 1,
                    "epoch": terms.epoch,
                    "first_sent_ms": request.first_sent_ms or attempted.started_ms,
                    "deferrals": 0,
                    "waited_ms": request.waited_ms + due_ms - attempted.started_ms,
                }
            )
            return LedTo(records, Retry(after, due_ms, attempted.ended_ms))
        case Failed(error=error) as failed, GiveUp():
            message = (
                f"The webhook could not be delivered: {error.happened} "
                f"(attempt {summary.number}, the last). {error.remedy}"
            )
            records.append(ended(failed.event_type, failed.status, message, error))
            if failed.gone:
                records.append(_disable_request(request, error.cause, topics, time))
        case Failed(error=error), TimeUp():
            message = (
                f"The run's time was over before its attempts were: {error.happened} "
                f"(attempt {summary.number}), and the next would come too late. {error.remedy}"
            )
            records.append(ended(events.PERFORM_ERROR, events.RunStatus.TIMED_OUT, message, error))
    return LedTo(records)


def records_of_skip(
    request: DeliveryRequest,
    value: bytes,
    status: events.RunStatus,
    reason: str,
    now_ms: int,
    terms: Terms,
    topics: Topics,
    time: str,
    error: events.ErrorDetail | None = None,
) -> list[OutRecord]:
    """A run that ends without an attempt: its whole request goes to the run log, so that it can be replayed.

    With ``error`` it counts as failed."""
    skip: Document = {
        "v": 1,
        "kind": "skip",
        "run": facts_document(request),
        "step": request.step,
        "skipped_ms": now_ms,
        "status": status,
        "reason": reason,
        "body": body_document(value),
    }
    event_type = events.RUN_SKIPPED if error is None else events.PERFORM_ERROR
    outcome = _outcome(request, value, event_type, status, request.attempts, reason, error, now_ms, terms, topics, time)
    return [_log_record(request, skip, topics, request.trace), outcome]


def waiting(request: DeliveryRequest, value: bytes, due_ms: int, now_ms: int, topics: Topics) -> OutRecord:
    """The run on its way to its next attempt: in the tier that fits, or due at once."""
    hop = next_hop(due_ms - now_ms)
    topic = topics.deliveries_due if isinstance(hop, Due) else topics.retry[hop.tier]
    key = delivery_key(request.organization, request.integration_id, request.shard)
    return OutRecord(topic.name, key, value, request.headers(due_ms))


def _told(verdict: Verdict, redaction: Redaction) -> Verdict:
    """The verdict as it may be told: a detail may hold what a receiver said, or what an expression made."""
    if isinstance(verdict, Succeeded) or verdict.error.detail is None:
        return verdict
    detail = redaction.text(verdict.error.detail)[:MAX_DETAIL]
    return replace(verdict, error=verdict.error.model_copy(update={"detail": detail}))


def _attempt(
    request: DeliveryRequest, value: bytes, attempted: Attempted, verdict: Verdict, redaction: Redaction
) -> Document:
    failed = verdict if isinstance(verdict, Failed) else None
    sent, duration_ms = attempted.request, attempted.ended_ms - attempted.started_ms
    return present(
        {
            "v": 1,
            "kind": "attempt",
            "run": facts_document(request),
            "number": request.next_attempt,
            "step": request.step,
            "started_ms": attempted.started_ms,
            "duration_ms": duration_ms,
            "stages": [stage_document(stage, redaction) for stage in attempted.stages],
            "exchange": None
            if sent is None
            else exchange_document(sent, attempted.result, duration_ms, redaction, value),
            "succeeded": failed is None,
            "error": None if failed is None else error_document(failed.error),
            "retry_due_ms": attempted.next.due_ms
            if failed is not None and isinstance(attempted.next, RetryAt)
            else None,
        }
    )


def _outcome(
    request: DeliveryRequest,
    value: bytes,
    event_type: str,
    status: events.RunStatus,
    attempts: Sequence[AttemptSummary],
    message: str,
    error: events.ErrorDetail | None,
    ended_ms: int,
    terms: Terms,
    topics: Topics,
    time: str,
    named: events.Entity | None = None,
) -> OutRecord:
    entity, context = (None, None) if error is None else context_of_error(value, named)
    data = outcome_document(
        request,
        status=status,
        attempts=attempts,
        ended_ms=ended_ms,
        epoch=terms.epoch,
        failure_limit=terms.failure_limit,
        minimum_failing_ms=terms.minimum_failing_ms,
        message=message,
        error=error,
        entity=entity,
        context=context,
    )
    return _event_record(request, event_type, data, topics, time, run_id=request.run_id)


def _disable_request(request: DeliveryRequest, cause: str, topics: Topics, time: str) -> OutRecord:
    data: Document = {
        "v": 1,
        "integration_id": request.integration_id,
        "requested_by": f"run {request.run_id}",
        "reason": cause,
    }
    return _event_record(request, events.DISABLE_REQUESTED, data, topics, time)


def _event_record(
    request: DeliveryRequest, event_type: str, data: Document, topics: Topics, time: str, run_id: str | None = None
) -> OutRecord:
    value = events.encode_event(
        event_id=event_id_of_run(request.run_id, event_type),
        source=SOURCE,
        event_type=event_type,
        organization=request.organization,
        integration_id=request.integration_id,
        time=time,
        data=data,
        trace=request.trace,
    )
    key = integration_key(request.organization, request.integration_id)
    return OutRecord(
        topics.integration_events.name, key, value, events.event_headers(request.organization, event_type, run_id)
    )


def _log_record(request: DeliveryRequest, document: Document, topics: Topics, trace: TraceContext | None) -> OutRecord:
    headers = [(ORGANIZATION_HEADER, request.organization.encode()), (RUN_ID_HEADER, request.run_id.encode())]
    if trace is not None:
        headers += trace.record_headers()
    key = run_key(request.organization, request.run_id)
    return OutRecord(topics.run_log.name, key, orjson.dumps(document), headers)
