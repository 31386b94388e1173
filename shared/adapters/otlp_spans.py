"""Spans to a collector, by OpenTelemetry's exporter: in batches, from a thread of its own, dropped when too many wait.

Spans are made from values when a step is over, with ids that are derived from the work. OpenTelemetry's tracer would
draw ids itself and hold what is open in thread or task; neither survives a topic. Its exporter and batches are used as
they are.
"""

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, TraceFlags
from opentelemetry.trace.span import TraceState
from opentelemetry.trace.status import Status, StatusCode

from shared.core.cloud_events import CloudEvent
from shared.core.spans import Span
from shared.core.trace_context import TraceContext, begun_for

#: Seconds in which a collector must take a batch; the last one is waited for when the process ends.
_EXPORT_SECONDS = 2.0
_NANOSECONDS = 1_000_000
_SCOPE = InstrumentationScope("hookfleet")


class OtlpTracing:
    """A `shared.adapters.tracing.Tracing` that sends spans to ``endpoint``; ``new_share`` of untraced events begin
    a trace."""

    def __init__(self, endpoint: str, service: str, new_share: float) -> None:
        self._new_share = new_share
        self._resource = Resource.create({"service.name": f"hookfleet-{service.replace('_', '-')}"})
        self._batches = BatchSpanProcessor(OTLPSpanExporter(endpoint, timeout=_EXPORT_SECONDS))

    def begin(self, event: CloudEvent) -> TraceContext | None:
        """The same answer for the same event in every process, where their settings agree."""
        return begun_for(event.organization, event.source, event.id, self._new_share)

    def step(self, parent: TraceContext, *step: object) -> TraceContext:
        """A child where the trace is recorded; what nobody records must not stand between two that are."""
        return parent.child(*step) if parent.sampled else parent

    def record(self, span: Span) -> None:
        """Hand over to the exporter's thread."""
        if not span.context.sampled:
            return
        parent = span.context.parent_id
        self._batches.on_end(
            ReadableSpan(
                name=span.name,
                context=_context(span.context, span.context.span_id),
                parent=None if parent is None else _context(span.context, parent),
                resource=self._resource,
                attributes=span.attributes,
                links=[Link(_context(link, link.span_id)) for link in span.links],
                kind=SpanKind[span.kind],
                status=Status(StatusCode.UNSET) if span.failed is None else Status(StatusCode.ERROR, span.failed),
                start_time=span.started_ms * _NANOSECONDS,
                end_time=span.ended_ms * _NANOSECONDS,
                instrumentation_scope=_SCOPE,
            )
        )

    def close(self) -> None:
        """Send what waits; an absent collector is given up after seconds."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]


def _context(context: TraceContext, span_id: str) -> SpanContext:
    state = TraceState() if context.state is None else TraceState.from_header([context.state])
    return SpanContext(int(context.trace_id, 16), int(span_id, 16), True, TraceFlags(context.flags), state)
