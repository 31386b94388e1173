"""Presets, judged as the products behind them judge."""

import asyncio
from typing import Any

import orjson
import pytest

from services.dispatcher.core.exchange import Answer
from services.dispatcher.core.request_building import Rendered, Unrenderable
from services.dispatcher.rendering import Renderer
from shared.adapters.cel_checks import expression_faults
from shared.core.resources import Integration
from tests.unit.dispatcher.preset_receivers import JUDGES
from tests.unit.dispatcher.samples import event, integration, request, webhook

ROUTING_KEY = "R" * 32
EVENTS = {
    "least": event(),
    "no data": event(data=None, subject="bill/42"),
    "data that is no map": event(data=[1, 2, 3]),
    "an error of an integration": event(
        "integration.perform.error", subject="bills", time="2030-01-01T00:00:00Z", data={"message": "It broke."}
    ),
    "markup": event(data={"message": "<!channel> & <script>alert(1)</script> [a](b) **c**"}, subject="<b>&</b>"),
    "very long": event(subject="s" * 1000, source="x" * 1000, id="i" * 255, data={"message": "ü" * 100_000}),
    "long markup": event(subject="<&>" * 300, data={"message": "<&>" * 30_000}),
    "long escapes": event(data={"message": "\u0001\u0002" * 50_000}),
    "a message that is a structure": event(data={"message": {"a": [1, None]}}),
    "an empty message": event(data={"message": "."}),
}


def rendered(preset: str, name: str, **message: str) -> tuple[Integration, Rendered]:
    spec = integration(preset=preset, message=message or None)
    assert list(expression_faults(spec)) == []
    credential = ROUTING_KEY if spec.uses_credential else None
    body = EVENTS[name].encode()
    return spec, asyncio.run(Renderer().render(request(), spec, webhook(), body, None, credential))


def judged(preset: str, made: Rendered) -> tuple[int, bytes]:
    headers = {name.lower(): value for name, value in made.headers}
    if preset == "opsgenie":
        # What an api-key credential with the prefix "GenieKey " adds.
        headers["authorization"] = "GenieKey key"
    return JUDGES[preset](headers, made.body)


@pytest.mark.parametrize("preset", JUDGES)
@pytest.mark.parametrize("name", EVENTS)
def test_every_event_becomes_a_request_that_the_product_takes(preset: str, name: str) -> None:
    spec, made = rendered(preset, name)
    status, answered = judged(preset, made)
    assert 200 <= status < 300, (answered, made.body[:500])
    verdict = asyncio.run(Renderer().succeeded(request(), spec, Answer(status, (), answered, False)))
    assert verdict is True
    assert made.method == "POST"


@pytest.mark.parametrize("preset", JUDGES)
def test_title_text_severity_and_link_can_be_said_in_ones_own_words(preset: str) -> None:
    _, made = rendered(
        preset,
        "least",
        title="'Bill ' + event.id // the title",
        text="'see ' + integration.name",
        severity="'critical'",
        link="'https://example.com/?a=1&b=2'",
    )
    status, answered = judged(preset, made)
    assert 200 <= status < 300, answered
    text = made.body.decode()
    assert "Bill e1" in text
    assert "see An integration" in text
    assert "https://example.com/" in text
    if preset == "pagerduty":
        assert orjson.loads(made.body)["payload"]["severity"] == "critical"
    if preset == "opsgenie":
        assert orjson.loads(made.body)["priority"] == "P1"


@pytest.mark.parametrize(("event_name", "severity"), [("least", "info"), ("an error of an integration", "error")])
def test_errors_of_integrations_are_errors_and_other_events_are_news(event_name: str, severity: str) -> None:
    _, made = rendered("pagerduty", event_name)
    assert orjson.loads(made.body)["payload"]["severity"] == severity


def test_no_event_can_call_a_whole_channel() -> None:
    _, made = rendered("slack", "markup")
    document = orjson.loads(made.body)
    assert "<!channel>" not in document["text"]
    assert {block["text"]["type"] for block in document["blocks"]} == {"plain_text"}


@pytest.mark.parametrize(
    ("preset", "answer"), [("slack", Answer(200, (), b"no", False)), ("pagerduty", Answer(200, (), b"", False))]
)
def test_an_answer_that_the_product_does_not_document_as_success_is_none(preset: str, answer: Answer) -> None:
    spec = integration(preset=preset)
    assert asyncio.run(Renderer().succeeded(request(), spec, answer)) == "the success test says no"


def test_without_an_api_key_pagerduty_gets_nothing() -> None:
    with pytest.raises(Unrenderable) as failure:
        asyncio.run(Renderer().render(request(), integration(preset="pagerduty"), webhook(), b"{}", None, None))
    assert failure.value.code == "credential.disconnected"


def test_an_unknown_severity_sends_nothing_to_opsgenie() -> None:
    with pytest.raises(Unrenderable) as failure:
        rendered("opsgenie", "least", severity="'dreadful'")
    assert failure.value.code == "expression.failed"
    assert "dreadful" in failure.value.detail


@pytest.mark.parametrize("preset", JUDGES)
def test_a_message_as_long_as_allowed_fits_into_every_preset(preset: str) -> None:
    longest: Any = "'" + "a" * 998 + "'"
    _, made = rendered(preset, "least", title=longest, text=longest, link=longest)
    assert judged(preset, made)[0] < 300


def test_a_message_too_deep_for_the_preset_is_refused_when_it_is_written() -> None:
    spec = integration(preset="opsgenie", message={"title": "[" * 28 + "'a'" + "]" * 28 + "[0]" * 28})
    (fault,) = expression_faults(spec)
    assert fault.field in {"message", "message.title"}
