"""The span of one batch of records becoming rows: a trace of its own, linked to the steps that the records tell of.

A batch belongs to no one trace, because records of many runs fan in. Whoever looks at a run's trace finds what recorded
it by the link.
"""

from collections.abc import Iterator, Sequence

from shared.core.records import Record
from shared.core.spans import Span, SpanKind
from shared.core.trace_context import TRACEPARENT, TRACESTATE, TraceContext, begun_for, read_context

#: OpenTelemetry's own limit for a span.
MAX_LINKS = 128


def batch_span(records: Sequence[Record], started_ms: int, ended_ms: int) -> Span | None:
    """None when no record belongs to a trace that is recorded."""
    links = tuple(_sampled(records))
    if not links:
        return None
    first = records[0]
    context = begun_for(first.topic, str(first.partition), str(first.offset), 1.0)
    assert context is not None, "of all of them, all begin a trace"
    attributes = {"hookfleet.records": len(records), "hookfleet.traced_records": len(links)}
    return Span("record", SpanKind.CONSUMER, context, started_ms, ended_ms, attributes, links=links[:MAX_LINKS])


def _sampled(records: Sequence[Record]) -> Iterator[TraceContext]:
    for record in records:
        said = {name: raw for name, raw in record.header_list if name in (TRACEPARENT, TRACESTATE)}
        if not said:
            continue
        state = said.get(TRACESTATE)
        context = read_context(
            said.get(TRACEPARENT, b"").decode("latin-1"), None if state is None else state.decode("latin-1")
        )
        if context is not None and context.sampled:
            yield context
