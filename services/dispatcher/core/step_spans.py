"""The spans of the dispatcher's two steps in a trace. They name what was done and hold nothing that was sent."""

from services.dispatcher.core.classification import Failed
from services.dispatcher.core.exchange import Answer
from services.dispatcher.core.matching import Match
from services.dispatcher.core.run_records import Attempted
from shared.core.messages.delivery import DeliveryRequest
from shared.core.spans import Span, SpanKind
from shared.core.trace_context import TraceContext


def match_span(match: Match, context: TraceContext, started_ms: int, ended_ms: int) -> Span:
    """Matching one event; it ends when what it led to is acknowledged."""
    return Span(
        "match",
        SpanKind.CONSUMER,
        context,
        started_ms,
        ended_ms,
        {
            "hookfleet.organization": match.event.organization,
            "cloudevents.event_id": match.event.id,
            "cloudevents.event_type": match.event.type,
            "hookfleet.runs": len(match.runs),
        },
    )


def attempt_span(request: DeliveryRequest, attempted: Attempted, context: TraceContext) -> Span:
    """One attempt, from building the request to the answer."""
    attributes: dict[str, str | int] = {
        "hookfleet.organization": request.organization,
        "hookfleet.integration_id": request.integration_id,
        "hookfleet.run_id": request.run_id,
        "hookfleet.attempt": request.next_attempt,
    }
    if isinstance(attempted.result, Answer):
        attributes["http.response.status_code"] = attempted.result.status
    failed = attempted.verdict.error.code if isinstance(attempted.verdict, Failed) else None
    return Span("attempt", SpanKind.CLIENT, context, attempted.started_ms, attempted.ended_ms, attributes, failed)
