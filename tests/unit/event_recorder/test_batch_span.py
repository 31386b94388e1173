"""What records a batch links to."""

from services.event_recorder.core.batch_span import MAX_LINKS, batch_span
from shared.core.records import Record

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def record(offset: int, traceparent: str | None) -> Record:
    headers = [("organization", b"acme")]
    if traceparent is not None:
        headers += [("traceparent", traceparent.encode()), ("tracestate", b"a=1")]
    return Record("run-log", 3, offset, b"k", b"{}", tuple(headers), 1)


def test_a_batch_links_to_each_sampled_step_it_tells_of_and_has_a_trace_of_its_own() -> None:
    sampled, unsampled = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"
    records = [record(7, None), record(8, sampled), record(9, unsampled), record(10, "nonsense")]
    span = batch_span(records, 100, 120)
    assert span is not None
    assert [(link.trace_id, link.span_id, link.state) for link in span.links] == [(TRACE, SPAN, "a=1")]
    assert (span.context.trace_id != TRACE, span.context.parent_id, span.context.sampled) == (True, None, True)
    assert (span.started_ms, span.ended_ms, span.attributes["hookfleet.records"]) == (100, 120, 4)
    assert span == batch_span(records, 100, 120), "a batch that is read again has the span it had"


def test_a_batch_without_traces_is_no_span() -> None:
    assert batch_span([record(7, None), record(8, f"00-{TRACE}-{SPAN}-00")], 1, 2) is None


def test_links_are_bounded() -> None:
    records = [record(number, f"00-{TRACE}-{number + 1:016x}-01") for number in range(MAX_LINKS + 5)]
    span = batch_span(records, 1, 2)
    assert span is not None
    assert len(span.links) == MAX_LINKS
    assert span.attributes["hookfleet.traced_records"] == MAX_LINKS + 5
