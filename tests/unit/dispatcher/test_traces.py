"""A trace context from an event to the webhook's request, and into everything that is said about it."""

from dataclasses import dataclass, field

from services.dispatcher.core.exchange import Answer, Request, traced
from services.dispatcher.core.match_documents import match_record, request_headers
from services.dispatcher.core.matching import match
from shared.adapters.tracing import NoTracing
from shared.core.cloud_events import CloudEvent
from shared.core.messages.delivery import DELIVERY_HEADER, DeliveryRequest
from shared.core.messages.integration_events import decode_integration_event
from shared.core.messages.run_log import AttemptRecord, MatchRecord, decode_run_log
from shared.core.records import Record
from shared.core.spans import Span
from shared.core.trace_context import TraceContext, read_context
from tests.unit.dispatcher import samples
from tests.unit.dispatcher.test_match_and_delay_handlers import TOPICS, matched, record
from tests.unit.dispatcher.test_send_handler import Sent

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"
TRACED = samples.request(traceparent=PARENT, tracestate="a=1")


@dataclass
class Kept:
    """A `Tracing` that makes a span of every step and keeps it."""

    spans: list[Span] = field(default_factory=list)

    def begin(self, event: CloudEvent) -> TraceContext | None:
        return read_context(PARENT)

    def step(self, parent: TraceContext, *step: object) -> TraceContext:
        return parent.child(*step)

    def record(self, span: Span) -> None:
        self.spans.append(span)

    def close(self) -> None:
        """Nothing to send."""


def matched_record(event_record: Record, tracing: NoTracing | Kept) -> tuple[DeliveryRequest, MatchRecord]:
    produced = matched(event_record, tracing=tracing)
    (delivery,) = produced.on(TOPICS.deliveries.name)
    (logged,) = produced.on(TOPICS.run_log.name)
    record = decode_run_log(logged.value or b"")
    assert isinstance(record, MatchRecord)
    assert (record.trace_id is not None) == ("traceparent" in dict(logged.headers))
    return DeliveryRequest.model_validate_json(dict(delivery.headers)[DELIVERY_HEADER]), record


def test_without_a_collector_a_context_reaches_the_request_as_it_came() -> None:
    for given in (
        record(samples.event().encode(), ("traceparent", PARENT.encode()), ("tracestate", b"a=1")),
        record(samples.event(traceparent=PARENT, tracestate="a=1").encode()),
    ):
        request, logged = matched_record(given, NoTracing())
        assert (request.traceparent, request.tracestate, logged.trace_id) == (PARENT, "a=1", TRACE)
    sent = Sent(request=TRACED)
    headers = dict(sent.client.requests[0].headers)
    assert (headers["traceparent"], headers["tracestate"]) == (PARENT, "a=1")


def test_an_event_without_a_context_leads_to_none() -> None:
    request, logged = matched_record(record(samples.event().encode()), NoTracing())
    assert (request.traceparent, logged.trace_id) == (None, None)
    assert b"trace" not in logged.encode()
    assert "traceparent" not in dict(Sent().client.requests[0].headers)


def test_with_a_collector_each_step_is_a_span_below_the_one_before() -> None:
    tracing = Kept()
    request, _ = matched_record(record(samples.event(traceparent=PARENT).encode()), tracing)
    (span,) = tracing.spans
    assert (span.name, span.context.parent_id, request.traceparent) == ("match", SPAN, span.context.traceparent)
    request = samples.request(traceparent=request.traceparent)
    sent = Sent(Answer(503, (), b"", False), request=request, tracing=tracing)
    attempt = tracing.spans[1]
    assert (attempt.name, attempt.context.parent_id, attempt.failed) == ("attempt", span.context.span_id, "http.503")
    assert dict(sent.client.requests[0].headers)["traceparent"] == attempt.context.traceparent
    assert dict(attempt.attributes)["http.response.status_code"] == 503


def test_a_collector_s_share_begins_a_trace() -> None:
    tracing = Kept()
    request, _ = matched_record(record(samples.event().encode()), tracing)
    assert request.traceparent == PARENT
    assert tracing.spans[0].context.parent_id is None


def test_what_is_said_of_an_attempt_names_the_trace_and_so_do_error_and_retry() -> None:
    sent = Sent(Answer(500, (), b"", False), request=TRACED)
    (logged,) = sent.on(TOPICS.run_log)
    attempt = decode_run_log(logged.value or b"")
    assert isinstance(attempt, AttemptRecord)
    assert attempt.run.trace_id == TRACE
    assert dict(logged.headers)["traceparent"] == PARENT.encode()
    (waiting,) = (each for each in sent.records if DELIVERY_HEADER in dict(each.headers))
    retry = DeliveryRequest.model_validate_json(dict(waiting.headers)[DELIVERY_HEADER])
    assert (retry.traceparent, retry.tracestate) == (PARENT, "a=1")
    ended = Sent(Answer(410, (), b"", False), request=TRACED)
    (error, _) = ended.on(TOPICS.integration_events)
    said = decode_integration_event(error.value or b"")
    assert (said.traceparent, said.tracestate) == (PARENT, "a=1")
    assert said.encode() == error.value


def test_the_documents_of_matching_are_those_of_their_models() -> None:
    event = samples.event()
    configuration = samples.configured(rule=samples.rule(), hook=samples.webhook(), link=samples.integration())
    found = match(
        event,
        configuration,
        lambda _: True,
        config_offset=1,
        accepted_ms=1,
        now_ms=1,
        trace=read_context(PARENT, "a=1"),
    )
    raw = match_record(found)
    assert decode_run_log(raw).encode() == raw
    headers = request_headers(found, found.runs[0])
    assert DeliveryRequest.model_validate_json(dict(headers)[DELIVERY_HEADER]).headers() == headers


def test_a_header_that_a_webhook_sets_itself_gives_way() -> None:
    request = Request("https://a", [("TraceParent", "mine"), ("x", "y")], b"", 1.0)
    context = read_context(PARENT)
    assert context is not None
    assert traced(request, context).headers == [("x", "y"), ("traceparent", PARENT)]


def test_a_span_holds_nothing_that_was_sent() -> None:
    tracing = Kept()
    Sent(request=TRACED, body=b'{"secret":"s3cret"}', tracing=tracing)
    assert "s3cret" not in repr(tracing.spans)
    assert "https://" not in repr(tracing.spans)
