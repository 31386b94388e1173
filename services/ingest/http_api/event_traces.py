"""Under which trace an event is accepted, and the span of its acceptance.

The headers of the HTTP request come first, because they name the step that sent it; then the event's own attributes,
which name where it came from. All events of one batch share the headers.
"""

from collections.abc import Iterable

from fastapi import Request

from services.ingest.core.event_batch import AcceptedEvent
from shared.adapters.tracing import Tracing
from shared.core.cloud_events import CloudEvent
from shared.core.spans import Span, SpanKind
from shared.core.trace_context import (
    TRACEPARENT,
    TRACESTATE,
    TraceContext,
    context_of_event,
    read_context,
)


class EventTraces:
    """The traces of the events of one HTTP request."""

    def __init__(self, tracing: Tracing, organization: str, request: Request) -> None:
        self._tracing = tracing
        self._organization = organization
        self._sent = read_context(request.headers.get(TRACEPARENT), request.headers.get(TRACESTATE))

    def of(self, event: CloudEvent) -> TraceContext | None:
        """The context that the event goes on under; None for most that came without one."""
        parent = self._sent or context_of_event(event.document)
        if parent is None:
            return self._tracing.begin(event)
        return self._tracing.step(parent, "accept", event.source, event.id)

    def accepted(self, events: Iterable[AcceptedEvent], started_ms: int, ended_ms: int) -> None:
        """Every replica has them."""
        for event in events:
            if event.trace is None:
                continue
            names: dict[str, str | int] = {
                "hookfleet.organization": self._organization,
                "cloudevents.event_id": event.id,
                "cloudevents.event_type": event.type,
            }
            self._tracing.record(Span("accept", SpanKind.SERVER, event.trace, started_ms, ended_ms, names))
