"""Where entity and caller are read from in an event."""

from typing import Any

import orjson
import pytest

from services.dispatcher.core.error_context import MAX_ID, MAX_TYPE, context_of_error
from shared.core.caller_context import MAX_CONTEXT, SOURCES
from shared.core.messages.integration_events import CallerContext, Entity


def read(data: Any = None, **attributes: Any) -> tuple[tuple[str, str] | None, dict[str, str]]:
    """Entity as a pair and the caller's fields, of an event of a bill."""
    event = orjson.dumps({"type": "billing.bill.created", **attributes, "data": data})
    entity, caller = context_of_error(event, None)
    pair = None if entity is None else (entity.type, entity.id)
    return pair, {} if caller is None else caller.model_dump(exclude_none=True)


@pytest.mark.parametrize(
    ("data", "attributes", "expected"),
    [
        (None, {"subject": "bill/42"}, ("bill", "42")),
        (None, {"subject": "customers/7/invoices/42"}, ("invoices", "42")),
        (None, {"subject": "42"}, ("bill", "42")),
        (None, {"subject": "/42"}, ("bill", "42")),
        ({"id": "9"}, {"subject": "invoice/42"}, ("invoice", "42")),
        ({"id": "9"}, {"subject": "invoice/"}, ("bill", "9")),
        ({"id": "9", "new": {"id": "8"}}, {}, ("bill", "9")),
        ({"id": 9}, {}, ("bill", "9")),
        ({"new": {"id": "8"}, "old": {"id": "7"}}, {}, ("bill", "8")),
        ({"old": {"id": "7"}}, {}, ("bill", "7")),
        ({"id": "9"}, {"type": "created"}, ("created", "9")),
        ({"id": True}, {}, None),
        ({"id": {"a": 1}}, {}, None),
        ({"id": ""}, {}, None),
        ([{"id": "9"}], {}, None),
        ("text", {}, None),
        ({"id": "x" * MAX_ID}, {}, ("bill", "x" * MAX_ID)),
        ({"id": "x" * (MAX_ID + 1)}, {}, None),
        (None, {"subject": "b" * (MAX_TYPE + 1) + "/42"}, None),
        (None, {"subject": "bill/" + "4" * (MAX_ID + 1)}, None),
    ],
)
def test_the_entity_is_the_subject_or_else_an_id_in_the_payload(
    data: Any, attributes: dict[str, Any], expected: tuple[str, str] | None
) -> None:
    assert read(data, **attributes)[0] == expected


@pytest.mark.parametrize("field", SOURCES)
def test_each_part_of_the_caller_comes_from_its_attribute_or_its_place_in_the_payload(field: str) -> None:
    attribute, member, part = SOURCES[field]
    assert read({member: {part: "said"}})[1] == {field: "said"}
    assert read(None, **{attribute: "said"})[1] == {field: "said"}
    assert read({member: {part: "payload"}}, **{attribute: "attribute"})[1] == {field: "attribute"}


def test_every_field_of_the_context_has_a_source() -> None:
    assert SOURCES.keys() == CallerContext.model_fields.keys()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"user": "u-1", "company": 2, "application": "a-1"},
         {"user_id": "u-1", "company_id": "2", "application_id": "a-1"}),
        ({"user": {"id": 7, "name": "not asked for"}}, {"user_id": "7"}),
        ({"user": {"email": "x" * MAX_CONTEXT}}, {"user_email": "x" * MAX_CONTEXT}),
        ({"user": {"email": "x" * (MAX_CONTEXT + 1), "id": "u"}}, {"user_id": "u"}),
        ({"user": [1], "company": None, "application": {"id": [1]}}, {}),
        ({"user": True}, {}),
        (None, {}),
    ],
)  # fmt: skip
def test_the_caller_is_texts_and_whole_numbers_within_their_bounds(data: Any, expected: dict[str, str]) -> None:
    assert read(data)[1] == expected


def test_an_entity_that_was_named_is_kept_whatever_the_event_holds() -> None:
    named = Entity(type="account", id="4711")
    assert context_of_error(b'{"subject":"bill/42"}', named) == (named, None)


@pytest.mark.parametrize("event", [b"", b"\xff", b"[]", b"1", b"{}", b'{"type": 5, "subject": 7}'])
def test_an_event_that_cannot_be_read_leaves_an_error_without_context(event: bytes) -> None:
    assert context_of_error(event, None) == (None, None)
