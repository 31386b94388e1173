"""One trace from the producer's request to the webhook's, through every topic, and the spans a collector gets."""

import secrets
from collections.abc import Mapping

import orjson

from shared.adapters.kafka_clients import producer
from shared.core.topics import system_event_key
from shared.core.trace_context import TraceContext, read_context
from tests.flow.conftest import Case
from tests.flow.receiver import Reply
from tests.flow.span_collector import CollectedSpan, SpanCollector
from tests.flow.test_error_events import watch
from tests.waiting import wait_for


def begun() -> TraceContext:
    return TraceContext(secrets.token_hex(16), secrets.token_hex(8), flags=1, state="vendor=1")


def carried(headers: Mapping[str, str]) -> TraceContext:
    context = read_context(headers.get("traceparent"), headers.get("tracestate"))
    assert context is not None, headers
    return context


def spans_of(collector: SpanCollector, trace: TraceContext, count: int) -> dict[str, list[CollectedSpan]]:
    """By name, once ``count`` of the trace are there, in the order in which they came."""

    def found() -> list[CollectedSpan]:
        spans = [span for span in collector.spans() if span.trace_id == trace.trace_id]
        return spans if len(spans) >= count else []

    by_name: dict[str, list[CollectedSpan]] = {}
    for span in wait_for(found, f"{count} spans of {trace.trace_id}", 10):
        by_name.setdefault(span.name, []).append(span)
    return by_name


def test_a_trace_goes_on_over_a_retry_and_every_step_is_a_span(case: Case, span_collector: SpanCollector) -> None:
    case.set_up(delays=[0.1])
    case.receiver.answer(case.path, lambda same: Reply(500 if len(same) < 2 else 200))
    trace = begun()
    response = case.http.post("/v1/events", json=case.event(), headers=dict(trace.headers()))
    assert response.status_code == 202, response.text
    requests = wait_for(lambda: len(case.requests()) == 2 and case.requests(), "two attempts") or []
    first, second = (carried(each.headers) for each in requests)
    assert first.trace_id == second.trace_id == trace.trace_id
    assert first.state == second.state == "vendor=1"

    spans = spans_of(span_collector, trace, 4)
    (accept,), (match,) = spans["accept"], spans["match"]
    assert (accept.parent_id, match.parent_id) == (trace.span_id, accept.span_id)
    assert {each.span_id for each in spans["attempt"]} == {first.span_id, second.span_id}
    assert {each.parent_id for each in spans["attempt"]} == {match.span_id}
    assert {each.state for each in (accept, match)} == {"vendor=1"}

    def recorded() -> bool:
        linked = {link for span in span_collector.spans() if span.name == "record" for link in span.links}
        return {(trace.trace_id, first.span_id), (trace.trace_id, second.span_id)} <= linked

    wait_for(recorded, "the recorder links to both attempts", 10)
    case.sent = 1
    (run,) = case.ended_runs()
    logs = "".join(log.read_text() for log in case.fleet.folder.glob("dispatcher-*.log"))
    lines = [orjson.loads(line) for line in logs.splitlines() if run["run_id"] in line]
    assert {line.get("trace_id") for line in lines if line["message"] == "delivery"} == {trace.trace_id}


def test_a_direct_producer_s_context_goes_on_in_order_and_into_the_news_of_a_failure(case: Case) -> None:
    """Over binary mode straight onto the topic, the ordered queue, and an error event that a rule tells of."""
    case.set_up(delays=[], ordering="integration")
    told = watch(case, "integration.perform.error", case.name)
    case.receiver.answer(case.path, Reply(500))
    trace = begun()
    attributes = {"specversion": "1.0", "id": "e1", "source": "/direct", "type": case.event_type}
    attributes |= {"organization": case.fleet.plan.organization, **dict(trace.headers())}
    topic = case.fleet.settings.topics().system_events.name
    sender = producer(case.fleet.settings)
    sender.send(
        topic,
        key=system_event_key(case.fleet.plan.organization, None, "e1"),
        value=b"{}",
        headers=[*((f"ce_{name}", text.encode()) for name, text in attributes.items())],
    ).get(timeout=30)
    sender.close()
    (request,) = wait_for(case.requests, "the request")
    assert carried(request.headers).trace_id == trace.trace_id
    (news,) = wait_for(lambda: case.receiver.requests(told), "the news of the error")
    assert carried(news.headers).trace_id == trace.trace_id


def test_an_event_without_a_context_is_sent_without_one(case: Case) -> None:
    case.set_up()
    case.send()
    (request,) = wait_for(case.requests, "the request")
    assert "traceparent" not in request.headers
