"""The records an attempt leads to: its run-log entry, and either the run's outcome or the run on its way to a retry.

All of them are produced together and the delivery request is finished only when all are acknowledged, so a run can
neither vanish between two topics nor go on without a trace.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from services.dispatcher.core.classification import Failed, Succeeded, Verdict
from services.dispatcher.core.exchange import Answer, Request, Result
from services.dispatcher.core.redaction import keep_body, redact_headers
from services.dispatcher.core.retry_policy import GiveUp, Next, RetryAt, TimeUp
from shared.core.identifiers import event_id_of_run
from shared.core.messages import integration_events as events
from shared.core.messages.base import ORGANIZATION_HEADER, RUN_ID_HEADER
from shared.core.messages.delivery import AttemptSummary, DeliveryRequest
from shared.core.messages.run_log import (
    AttemptRecord,
    Exchange,
    HttpRequestRecord,
    HttpResponseRecord,
    RunFacts,
    SkipRecord,
    Stage,
)
from shared.core.records import OutRecord
from shared.core.retry_tiers import Due, next_hop
from shared.core.topics import Topics, delivery_key, run_key

SOURCE = "hookfleet/dispatcher"


@dataclass(frozen=True, slots=True)
class Attempted:
    """One attempt and what was decided about it. ``request`` is null when none could be built."""

    request: Request | None
    result: Result
    verdict: Verdict
    next: Next
    stages: tuple[Stage, ...]
    started_ms: int
    ended_ms: int

    @property
    def code(self) -> str:
        match self.result:
            case Answer(status=status):
                return f"http.{status}"
            case result:
                return result.code


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
    request: DeliveryRequest, attempted: Attempted, terms: Terms, topics: Topics, time: str
) -> LedTo:
    """Everything one attempt leads to; ``time`` is RFC 3339."""
    summary = AttemptSummary(
        number=request.next_attempt,
        started_ms=attempted.started_ms,
        duration_ms=attempted.ended_ms - attempted.started_ms,
        code=attempted.code,
        http_status=attempted.result.status if isinstance(attempted.result, Answer) else None,
    )
    after = request.model_copy(
        update={
            "attempts": (*request.attempts, summary),
            "step": request.step + 1,
            "epoch": terms.epoch,
            "first_sent_ms": request.first_sent_ms or attempted.started_ms,
        }
    )
    records = [_log_record(request, _attempt_record(request, attempted), topics)]

    def ended(event_type: str, status: events.RunStatus, message: str, error: events.ErrorDetail | None) -> OutRecord:
        data = _outcome_data(after, status, message, error, attempted.ended_ms, terms)
        return _event_record(_event(event_type, data, request, time), topics)

    match attempted.verdict, attempted.next:
        case Succeeded(), _:
            message = f"Delivered at attempt {summary.number}."
            records.append(ended(events.RUN_COMPLETED, events.RunStatus.COMPLETED, message, None))
        case Failed(), RetryAt(due_ms=due_ms):
            cost_ms = due_ms - attempted.started_ms
            after = after.model_copy(update={"waited_ms": request.waited_ms + cost_ms})
            return LedTo(records, Retry(after, due_ms, attempted.ended_ms))
        case Failed(error=error) as failed, GiveUp():
            message = (
                f"The webhook could not be delivered: {error.cause} "
                f"(attempt {summary.number}, the last). {error.remedy}"
            )
            records.append(ended(failed.event_type, failed.status, message, error))
            if failed.gone:
                records.append(_disable_request(after, error.cause, topics, time))
        case Failed(error=error), TimeUp():
            message = (
                f"The run's time was over before its attempts were: {error.cause} "
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
) -> list[OutRecord]:
    """A run that ends without an attempt: its whole request goes to the run log, so that it can be replayed."""
    skip = SkipRecord(
        run=facts(request),
        step=request.step,
        skipped_ms=now_ms,
        status=status,
        reason=reason,
        body=keep_body(value),
    )
    ended = request.model_copy(update={"step": request.step + 1})
    outcome = _event(
        events.RUN_SKIPPED,
        _outcome_data(ended, status, reason, None, now_ms, terms),
        request,
        time,
    )
    return [_log_record(request, skip, topics), _event_record(outcome, topics)]


def waiting(request: DeliveryRequest, value: bytes, due_ms: int, now_ms: int, topics: Topics) -> OutRecord:
    """The run on its way to its next attempt: in the tier that fits, or due at once."""
    hop = next_hop(due_ms - now_ms)
    topic = topics.deliveries_due if isinstance(hop, Due) else topics.retry[hop.tier]
    key = delivery_key(request.organization, request.integration_id, request.shard)
    return OutRecord(topic.name, key, value, request.headers(due_ms))


def facts(request: DeliveryRequest) -> RunFacts:
    """What identifies the run in its run-log records."""
    return RunFacts(
        organization=request.organization,
        run_id=request.run_id,
        webhook_id=request.webhook_id,
        integration_id=request.integration_id,
        rule_id=request.rule_id,
        trigger=request.trigger,
        event=request.event,
        origin_run_id=request.origin_run_id,
        accepted_ms=request.accepted_ms,
        created_ms=request.created_ms,
    )


def _attempt_record(request: DeliveryRequest, attempted: Attempted) -> AttemptRecord:
    failed = attempted.verdict if isinstance(attempted.verdict, Failed) else None
    return AttemptRecord(
        run=facts(request),
        number=request.next_attempt,
        step=request.step,
        started_ms=attempted.started_ms,
        duration_ms=attempted.ended_ms - attempted.started_ms,
        stages=attempted.stages,
        exchange=_exchange(attempted),
        succeeded=failed is None,
        error=None if failed is None else failed.error,
        retry_due_ms=attempted.next.due_ms if failed is not None and isinstance(attempted.next, RetryAt) else None,
    )


def _exchange(attempted: Attempted) -> Exchange | None:
    sent = attempted.request
    if sent is None:
        return None
    response = None
    if isinstance(attempted.result, Answer):
        answer = attempted.result
        response = HttpResponseRecord(
            status=answer.status,
            headers=redact_headers(answer.headers),
            body=keep_body(answer.body, truncated=answer.truncated),
        )
    return Exchange(
        request=HttpRequestRecord(
            method=sent.method, url=sent.url, headers=redact_headers(sent.headers), body=keep_body(sent.body)
        ),
        response=response,
        duration_ms=attempted.ended_ms - attempted.started_ms,
    )


def _outcome_data(
    request: DeliveryRequest,
    status: events.RunStatus,
    message: str,
    error: events.ErrorDetail | None,
    ended_ms: int,
    terms: Terms,
) -> events.RunOutcome:
    return events.RunOutcome(
        run_id=request.run_id,
        webhook_id=request.webhook_id,
        integration_id=request.integration_id,
        rule_id=request.rule_id,
        trigger=request.trigger,
        event=request.event,
        origin_run_id=request.origin_run_id,
        chain=request.chain,
        status=status,
        step=request.step,
        attempts=request.attempts,
        accepted_ms=request.accepted_ms,
        created_ms=request.created_ms,
        ended_ms=ended_ms,
        epoch=terms.epoch,
        failure_limit=terms.failure_limit,
        minimum_failing_ms=terms.minimum_failing_ms,
        message=message,
        error=error,
    )


def _disable_request(request: DeliveryRequest, cause: str, topics: Topics, time: str) -> OutRecord:
    data = events.StateRequest(
        integration_id=request.integration_id, requested_by=f"run {request.run_id}", reason=cause
    )
    return _event_record(_event(events.DISABLE_REQUESTED, data, request, time), topics)


def _event(event_type: str, data: events.EventData, request: DeliveryRequest, time: str) -> events.IntegrationEvent:
    return events.IntegrationEvent(
        id=event_id_of_run(request.run_id, event_type),
        source=SOURCE,
        type=event_type,
        organization=request.organization,
        time=time,
        data=data,
    )


def _event_record(event: events.IntegrationEvent, topics: Topics) -> OutRecord:
    return OutRecord(topics.integration_events.name, event.key, event.encode(), event.headers())


def _log_record(request: DeliveryRequest, record: AttemptRecord | SkipRecord, topics: Topics) -> OutRecord:
    headers: Sequence[tuple[str, bytes]] = [
        (ORGANIZATION_HEADER, request.organization.encode()),
        (RUN_ID_HEADER, request.run_id.encode()),
    ]
    return OutRecord(
        topics.run_log.name,
        run_key(request.organization, request.run_id),
        record.encode(),
        list(headers),
    )
