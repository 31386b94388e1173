"""From an event and a template to a request, and from an answer to a verdict."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatcher.core.exchange import Answer
from services.dispatcher.core.request_building import Rendered, Unrenderable
from services.dispatcher.rendering import Renderer
from shared.core.cloud_events import CloudEvent
from shared.core.resources import Integration, MappingQuestion
from tests.unit.dispatcher.samples import event, integration, request, webhook

RENDERER = Renderer()


@pytest.fixture(scope="module", autouse=True)
def closed() -> Iterator[None]:
    yield
    RENDERER.close()


BILL = event(
    data={"id": "b/42", "amount": 10.5, "paid": False, "at": "2030-01-01T00:00:00Z", "note": None, "tags": ["a"]}
)
URL = "https://example.com/api?tenant=7"


def native(**template: Any) -> Integration:
    return integration(kind="native", request=template)


def render(
    spec: Integration,
    sent: CloudEvent = BILL,
    external_id: str | None = None,
    credential: str | None = None,
    **hook: Any,
) -> Rendered:
    made = RENDERER.render(request(), spec, webhook(**{"url": URL, **hook}), sent.encode(), external_id, credential)
    return asyncio.run(made)


def why_not(spec: Integration, **more: Any) -> tuple[str, str]:
    with pytest.raises(Unrenderable) as failure:
        render(spec, **more)
    return failure.value.code, failure.value.detail


def header(made: Rendered, name: str) -> str | None:
    return next((value for each, value in made.headers if each.lower() == name), None)


@pytest.mark.parametrize(
    ("body", "content_type", "sent"),
    [
        ("{'id': data.id, 'total': data.amount * 2}", "application/json", b'{"id":"b/42","total":21.0}'),
        ("data.tags", "application/json", b'["a"]'),
        ("{'b': 1, 'a': null, 3: true}", "application/json", b'{"3":true,"a":null,"b":1}'),
        ("[timestamp(data.at), duration('90s'), b'ab']", "application/json", b'["2030-01-01T00:00:00Z","90s","YWI="]'),
        ("'bill ' + data.id + ' ü'", "text/plain; charset=utf-8", "bill b/42 ü".encode()),
        ("b'\\x00\\xff'", "application/octet-stream", b"\x00\xff"),
        (
            "text(data.tags) + text(data.note) + text(1.5) + text(data.paid)",
            "text/plain; charset=utf-8",
            b'["a"]1.5false',
        ),
        ("event.type + integration.id + integration.name", "text/plain; charset=utf-8", None),
    ],
)
def test_a_body_is_json_text_or_bytes(body: str, content_type: str, sent: bytes | None) -> None:
    made = render(native(body=body))
    assert header(made, "content-type") == content_type
    assert sent is None or made.body == sent


def test_a_content_type_of_ones_own_goes_over_ours() -> None:
    assert header(render(native(body="'<a/>'", content_type="application/xml")), "content-type") == "application/xml"


def test_without_a_body_the_event_is_sent_as_it_is_and_get_sends_none() -> None:
    made = render(native(path="['x']"))
    assert made.body == BILL.encode()
    assert header(made, "content-type") == "application/cloudevents+json"
    for method in ("GET", "DELETE"):
        made = render(native(method=method))
        assert (made.method, made.body, header(made, "content-type")) == (method, b"", None)


def test_path_and_query_are_encoded_and_appended() -> None:
    made = render(
        native(
            path="['v1', 'bills', data.id, 7]",
            query={"q": "'a b&c=d'", "n": "data.amount", "paid": "data.paid", "none": "data.note"},
        )
    )
    assert made.url == "https://example.com/api/v1/bills/b%2F42/7?tenant=7&q=a+b%26c%3Dd&n=10.5&paid=false"


def test_headers_of_the_template_go_over_those_of_the_webhook() -> None:
    made = render(
        native(headers={"X-Bill": "data.id", "X-None": "data.note", "x-old": "1"}),
        headers={"X-Old": "old", "X-Kept": "kept"},
    )
    assert [each for each in made.headers if each[0] != "content-type"] == [
        ("X-Kept", "kept"),
        ("X-Bill", "b/42"),
        ("x-old", "1"),
    ]


def test_a_mapping_and_an_api_key_are_seen_by_expressions() -> None:
    made = render(
        native(body="{'to': mapping.external_id, 'key': credential.value}"), external_id="C-7", credential="k"
    )
    assert orjson.loads(made.body) == {"to": "C-7", "key": "k"}


@pytest.mark.parametrize(
    ("template", "code", "reason"),
    [
        ({"body": "{'id': data.missing}"}, "expression.failed", "request.body: Key not found in map"),
        ({"body": "{'to': mapping.external_id}"}, "expression.failed", "request.body"),
        ({"body": "data.id + 1"}, "expression.failed", "overload"),
        ({"body": "{'n': 1.0 / 0.0}"}, "expression.failed", "no number"),
        ({"body": "{'t': type(1)}"}, "expression.failed", "JSON"),
        ({"body": "data.amount"}, "request.invalid", "gives a number"),
        ({"body": "data.note"}, "request.invalid", "gives null"),
        ({"headers": {"X-A": "data.tags"}}, "request.invalid", "request.headers.X-A: gives a list"),
        ({"headers": {"X-A": "'a\\r\\nX-B: c'"}}, "request.invalid", "control characters"),
        ({"headers": {"X-A": "'ü'"}}, "request.invalid", "ASCII"),
        ({"headers": {"X-A": "cut(data.long, 9000)"}}, "expression.too-large", "headers"),
        ({"query": {"a": "data.tags"}}, "request.invalid", "request.query.a: gives a list"),
        ({"query": {"a": "'\\u0000'"}}, "request.invalid", "control characters"),
        ({"query": {"a": "cut(data.long, 9000)"}}, "expression.too-large", "URL"),
        ({"path": "['..', data.id]"}, "request.invalid", "segment"),
        ({"path": "[data.note]"}, "request.invalid", "segment"),
        ({"path": "[data.missing]"}, "expression.failed", "request.path"),
        ({"path": "data.id"}, "request.invalid", "no list"),
        ({"body": "[data.long, data.long]"}, "expression.too-large", "262144"),
    ],
)
def test_what_cannot_be_built_says_which_field_and_why(template: dict[str, Any], code: str, reason: str) -> None:
    sent = event(data={**BILL.data, "long": "a" * 140_000})
    found, detail = why_not(native(**template), sent=sent)
    assert (found, reason in detail) == (code, True), detail


def test_no_reason_repeats_an_api_key() -> None:
    code, detail = why_not(native(body="{'a': {'x': 1}[credential.value]}"), credential="s3cret-key")
    assert code == "expression.failed"
    assert "s3cret" not in detail
    assert "(redacted)" in detail


def test_a_template_that_needs_a_key_and_has_none_sends_nothing() -> None:
    assert why_not(native(body="{'key': credential.value}"))[0] == "credential.disconnected"


def mapped(entity_id: str) -> Integration:
    mapping = {"entity_type": "bill", "entity_id": entity_id, "external_system": "erp", "external_table": "invoices"}
    return integration(kind="native", request={}, mapping=mapping)


def test_a_mapping_asks_for_the_entity_that_the_event_names() -> None:
    for expression, found in (("data.id", "b/42"), ("data.tags.size()", "1")):
        question = asyncio.run(RENDERER.entity(request(), mapped(expression), BILL.encode()))
        assert question == MappingQuestion("bill", found, "erp", "invoices")


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        ("data.note", "entity.missing"),
        ("''", "entity.missing"),
        ("data.missing", "expression.failed"),
        ("data.tags", "request.invalid"),
        ("data.amount", "request.invalid"),
        ("data.paid", "request.invalid"),
    ],
)
def test_an_event_that_names_no_entity_says_so(expression: str, code: str) -> None:
    with pytest.raises(Unrenderable) as failure:
        asyncio.run(RENDERER.entity(request(), mapped(expression), BILL.encode()))
    assert failure.value.code == code


def test_a_success_test_sees_status_headers_and_body() -> None:
    answer = Answer(409, [("X-Result", "done")], b'{"ok": true, "n": [1]}', False)

    def verdict(success: str, of: Answer = answer) -> object:
        spec = integration(kind="native", request={}, success=success)
        return asyncio.run(RENDERER.succeeded(request(), spec, of))

    assert verdict("response.status == 409 && response.json.ok") is True
    assert verdict("response.headers['x-result'] == 'done' && response.body.contains('true')") is True
    assert verdict("response.status < 300") == "the success test says no"
    assert "could not be evaluated" in str(verdict("response.json.missing == 1"))
    assert verdict("response.json == null", Answer(200, (), b"\xff no json", False)) is True
    for strange in (b"[" * 500 + b"]" * 500, b"18446744073709551615", b'{"a\\u0000": 1}', b"1e999", b"\xff" * 16_384):
        assert verdict("response.status == 200", Answer(200, [("x-\xff", "\xff")], strange, False)) is True
    many = Answer(200, (), b"[" + b"1," * 8_000 + b"1]", True)
    assert "50 ms" in str(verdict("response.json.map(a, response.json == response.json).size() > 0", many))
    assert asyncio.run(RENDERER.succeeded(request(), native(), answer)) is None


def test_the_largest_numbers_of_an_event_come_out_whole_and_beyond_them_nothing_does() -> None:
    sent = event(data={"n": 2**64 - 1, "m": -(2**63)})
    assert render(native(body="[data.n, data.m]"), sent).body == b"[18446744073709551615,-9223372036854775808]"
    for body in ("{'n': data.m - 1}", "{'n': data.n + 1u}"):
        assert why_not(native(body=body), sent=sent)[0] == "expression.failed"


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=4) | st.lists(JSON, max_size=4))
def test_data_comes_out_as_it_went_in_and_the_same_each_time(data: Any) -> None:
    try:
        sent = event(data=data)
    except (UnicodeEncodeError, TypeError):
        return
    if "\\u0000" in sent.encode().decode():
        return
    first, again = (render(native(body="{'d': data}"), sent=sent).body for _ in range(2))
    assert orjson.loads(first) == {"d": data}
    assert first == again


def rendered_or_invalid(spec: Integration, sent: CloudEvent) -> Rendered | None:
    try:
        return render(spec, sent)
    except Unrenderable as failure:
        if failure.code != "request.invalid":
            raise
        return None


TEXT_EXPRESSIONS: list[Callable[[str], dict[str, Any]]] = [
    lambda name: {"headers": {"X-A": f"data.{name}"}},
    lambda name: {"query": {"a": f"data.{name}"}},
    lambda name: {"path": f"['a', data.{name}]"},
]


@settings(max_examples=150, deadline=None)
@given(st.text(), st.sampled_from(TEXT_EXPRESSIONS))
def test_no_text_of_an_event_changes_the_structure_of_a_request(
    text: str, template: Callable[[str], dict[str, Any]]
) -> None:
    made = rendered_or_invalid(native(**template("t")), event(data={"t": text}))
    if made is None:
        return
    assert made.url.startswith("https://example.com/api")
    assert made.url.isascii()
    assert not any(char in made.url for char in " \r\n\t#")
    assert all("\r" not in value and "\n" not in value for _, value in made.headers)
    assert "/../" not in made.url
