"""Times each batch for its span, around whatever handles it."""

from collections.abc import Callable, Sequence

from services.event_recorder.core.batch_span import batch_span
from shared.adapters.clock import Clock
from shared.adapters.tracing import Tracing
from shared.core.records import Record

Handle = Callable[[Sequence[Record]], None]


def traced_batches(handle: Handle, tracing: Tracing, clock: Clock) -> Handle:
    """``handle``, with a span for each batch that holds something of a trace."""

    def timed(records: Sequence[Record]) -> None:
        started_ms = clock()
        handle(records)
        span = batch_span(records, started_ms, clock())
        if span is not None:
            tracing.record(span)

    return timed
