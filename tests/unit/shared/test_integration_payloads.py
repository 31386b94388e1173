"""What an integration may say about its payload, and what is refused when it is written."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.adapters.cel_checks import expression_faults
from shared.core.resources import Integration

LEAST = {"name": "i", "rule": "r", "webhook": "w"}
MAPPING = {"entity_type": "bill", "entity_id": "data.id", "external_system": "erp", "external_table": "invoices"}


def made(**changes: Any) -> Integration:
    return Integration.model_validate({**LEAST, **changes})


def test_an_integration_without_expressions_is_plain_and_written_as_before() -> None:
    spec = made()
    assert spec.is_plain
    assert not spec.uses_credential
    assert set(spec.model_dump(exclude_none=True)) == {
        "kind", "name", "rule", "webhook", "timeout_seconds", "retry", "ordering"
    }  # fmt: skip


@pytest.mark.parametrize(
    "changes",
    [
        {"preset": "slack"},
        {"request": {}},
        {"kind": "native", "request": {}, "mapping": MAPPING},
        {"kind": "native", "request": {}, "success": "true"},
    ],
)
def test_an_integration_with_any_of_them_is_not(changes: dict[str, Any]) -> None:
    assert not made(**changes).is_plain


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"kind": "native"}, "request is missing"),
        ({"mapping": MAPPING}, "set kind to native"),
        ({"success": "true"}, "set kind to native"),
        ({"preset": "slack", "request": {}}, "keep one of them"),
        ({"preset": "telegram"}, "slack"),
        ({"message": {"title": "'a'"}}, "set preset"),
        ({"request": {"method": "GET", "body": "{}"}}, "cannot go with GET"),
        ({"request": {"method": "TRACE"}}, "POST"),
        ({"request": {"url": "'https://example.com'"}}, "Extra inputs"),
        ({"request": {"headers": {"Content-Type": "'a'"}}}, "set by Hookfleet"),
        ({"request": {"headers": {"Webhook-Id": "'a'"}}}, "set by Hookfleet"),
        ({"request": {"headers": {"a b": "'a'"}}}, "header name"),
        ({"request": {"query": {"": "'a'"}}}, "parameter name"),
        ({"request": {"query": {"a\nb": "'a'"}}}, "parameter name"),
        ({"request": {"content_type": "json"}}, "pattern"),
        ({"request": {"content_type": "a/b\r\nx: y"}}, "ASCII"),
        ({"request": {"body": "'" + "a" * 8192 + "'"}}, "8192"),
        ({"request": {"path": "[" + "'a'," * 1500 + "'a']"}}, "4096"),
        ({"preset": "slack", "message": {"title": "'" + "a" * 1000 + "'"}}, "1000"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as refused:
        made(**changes)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"request": {"body": "{'a': data.}"}}, "request.body", "line 1, column 12"),
        ({"request": {"body": "1 + 1"}}, "request.body", "gives int, not a map"),
        ({"request": {"headers": {"X-A.b": "[1]"}}}, "request.headers.X-A.b", "gives list"),
        ({"request": {"query": {"q": "nobody"}}}, "request.query.q", "undeclared reference"),
        ({"request": {"path": "'a/b'"}}, "request.path", "list of path segments"),
        ({"preset": "slack", "message": {"text": "{"}}, "message.text", "line 1"),
        ({"preset": "slack", "message": {"text": "'a') + (credential.value"}}, "message.text", "line 1"),
        ({"kind": "native", "request": {}, "success": "response.status"}, None, ""),
        ({"kind": "native", "request": {}, "success": "event.type == 'a'"}, "success", "undeclared reference"),
        (
            {"kind": "native", "request": {}, "mapping": {**MAPPING, "entity_id": "1.5"}},
            "mapping.entity_id",
            "gives double",
        ),
        ({"request": {"body": "[" * 40 + "]" * 40}}, "request.body", "recursion limit"),
    ],
)
def test_a_bad_expression_is_refused_with_its_field_and_position(
    changes: dict[str, Any], field: str | None, said: str
) -> None:
    faults = list(expression_faults(made(**changes)))
    assert [fault.field for fault in faults] == ([] if field is None else [field])
    assert all(said in fault.message for fault in faults)


@pytest.mark.parametrize(
    ("changes", "uses"),
    [
        ({"preset": "pagerduty"}, True),
        ({"preset": "opsgenie"}, False),
        ({"request": {"body": "{'key': credential.value}"}}, True),
        ({"request": {"headers": {"X-Key": "credential . value"}}}, True),
        ({"request": {"body": "{'credentials': 1}"}}, False),
    ],
)
def test_what_needs_the_value_of_a_key_says_so(changes: dict[str, Any], uses: bool) -> None:
    assert made(**changes).uses_credential is uses
