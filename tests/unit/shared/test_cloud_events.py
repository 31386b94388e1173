"""Reading, checking and writing the envelope of every event."""

import base64
import contextlib
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.cloud_events import CONTENT_TYPE, check_event, document_of_binary, parse_json, read_record
from shared.core.faults import InvalidInput

VALID: dict[str, Any] = {
    "specversion": "1.0",
    "id": "e1",
    "source": "billing",
    "type": "billing.bill.created",
    "organization": "acme",
    "subject": "bill-7",
    "time": "2030-01-31T12:00:00.5+02:00",
    "data": {"amount": 10.5},
}
ABSENT = object()


def faults(document: Any, **options: Any) -> dict[str, str]:
    """Messages by field."""
    with pytest.raises(InvalidInput) as caught:
        check_event(document, **options)
    return {fault.field: fault.message for fault in caught.value.faults}


def with_(**changes: Any) -> dict[str, Any]:
    return {name: value for name, value in {**VALID, **changes}.items() if value is not ABSENT}


def test_a_valid_event_is_read_attribute_by_attribute() -> None:
    event = check_event(VALID)
    assert (event.id, event.source, event.type, event.organization) == ("e1", "billing", "billing.bill.created", "acme")
    assert (event.subject, event.time, event.data) == ("bill-7", VALID["time"], {"amount": 10.5})
    assert orjson.loads(event.encode()) == VALID


def test_optional_attributes_may_be_missing_or_null() -> None:
    event = check_event(with_(subject=ABSENT, time=None, data=ABSENT))
    assert (event.subject, event.time, event.data) == (None, None, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("specversion", ABSENT),
        ("specversion", "0.3"),
        ("specversion", 1.0),
        ("id", ABSENT),
        ("id", ""),
        ("id", 7),
        ("id", "x" * 256),
        ("id", "ä" * 128),
        ("id", "a\x1fb"),
        ("source", ABSENT),
        ("source", None),
        ("source", "x" * 1025),
        ("source", "a\nb"),
        ("type", ABSENT),
        ("type", "billing bill"),
        ("type", "billing/bill"),
        ("type", ".bill"),
        ("type", "x" * 256),
        ("type", "billing.bill\n"),
        ("organization", ABSENT),
        ("organization", "Acme"),
        ("organization", "acme\n"),
        ("organization", 7),
        ("subject", ""),
        ("subject", 7),
        ("subject", "x" * 1025),
        ("subject", "a\x7fb"),
        ("time", "yesterday"),
        ("time", "2030-01-31"),
        ("time", "2030-01-31T12:00:00"),
        ("time", "2030-13-31T12:00:00Z"),
        ("time", "2030-01-31T12:00:00Z\n"),
        ("time", "٢٠٣٠-01-31T12:00:00Z"),
        ("time", 1_900_000_000),
        ("data_base64", "AA=="),
        ("extension", 1.5),
        ("extension", {"a": 1}),
        ("extension", [1]),
        ("Upper", "x"),
        ("with-dash", "x"),
        ("name\n", "x"),
        ("", "x"),
    ],
)
def test_each_fault_is_named_by_its_field(field: str, value: Any) -> None:
    assert list(faults(with_(**{field: value}))) == [field]


def test_all_faults_are_told_at_once() -> None:
    assert set(faults({"time": "x"})) == {"specversion", "id", "source", "type", "organization", "time"}


@pytest.mark.parametrize("value", ["not base64!", "AA", "ä", 7, None, [], {}])
def test_data_base64_must_be_base64(value: Any) -> None:
    assert list(faults(with_(data=ABSENT, data_base64=value))) == ["data_base64"]


@pytest.mark.parametrize("document", [None, 7, "text", [], [VALID], True])
def test_what_is_no_object_is_refused_as_a_whole(document: Any) -> None:
    assert list(faults(document)) == ["(body)"]


def test_faults_of_a_batch_member_begin_with_its_place() -> None:
    assert set(faults(with_(id=ABSENT, Bad=1), field="[3]")) == {"[3].id", "[3].Bad"}
    assert list(faults("text", field="[3]")) == ["[3]"]
    assert list(faults(with_(data=_nested(300)), field="[3]")) == ["[3].data"]


def test_the_keys_organization_is_set_and_cannot_be_overridden() -> None:
    assert check_event(with_(organization=ABSENT), organization="acme").organization == "acme"
    assert check_event(VALID, organization="acme").organization == "acme"
    assert "not the organization of the API key" in faults(VALID, organization="other")["organization"]
    assert list(faults(with_(organization=7), organization="acme")) == ["organization"]


def test_no_fault_repeats_the_refused_value() -> None:
    secret = "s3cret value"
    with pytest.raises(InvalidInput) as caught:
        check_event(dict.fromkeys(VALID, secret))
    assert secret not in str(caught.value)


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def test_data_that_could_be_read_but_not_written_again_are_refused() -> None:
    assert check_event(with_(data=_nested(250))).data == _nested(250)
    assert list(faults(with_(data=_nested(300)))) == ["data"]


@pytest.mark.parametrize("number", [2**64 - 1, -(2**63), 2**63, 0, 10**18, -(10**18)])
def test_a_64_bit_integer_is_kept_exactly(number: int) -> None:
    raw = orjson.dumps(with_(data=number))
    assert check_event(parse_json(raw)).encode() == raw


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**20, -(10**25), 10**300])
def test_a_larger_integer_is_refused_and_not_rounded(number: int) -> None:
    with pytest.raises(InvalidInput, match=r"data: holds an integer beyond 64 bits \(byte 8\)"):
        parse_json(b'{"a": [%d]}' % number, "data")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"card": "12345678901234567890123"}',
        b'{"quoted \\" 12345678901234567890123": 1}',
        b"[0.1234567890123456789012]",
        b"[1234567890123456789012.5]",
        b"[1234567890123456789012e-5]",
        b"[1.5e0000000000000000000000]",
        b"[18446744073709551615]",
    ],
)
def test_many_digits_that_are_no_large_integer_pass(raw: bytes) -> None:
    assert parse_json(raw) == orjson.loads(raw)


@given(
    st.recursive(st.integers() | st.text() | st.floats(allow_nan=False, allow_infinity=False), st.lists, max_leaves=8)
)
def test_an_integer_is_either_read_exactly_or_refused(value: Any) -> None:
    raw = json.dumps(value, ensure_ascii=False).encode()
    try:
        assert parse_json(raw) == value
    except InvalidInput:
        assert any(not -(2**63) <= each < 2**64 for each in _integers(value))


def _integers(value: Any) -> list[int]:
    if isinstance(value, list):
        return [number for each in value for number in _integers(each)]
    return [value] if isinstance(value, int) else []


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b"{} {}", b"NaN", b'"\\ud800"', b"[" * 5000, b"1e999"])
def test_what_is_no_json_is_refused_with_its_position_and_without_the_text(raw: bytes) -> None:
    with pytest.raises(InvalidInput, match=r"\(body\): not valid JSON \(line \d+, column \d+\)"):
        parse_json(raw)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_ATTRIBUTES = st.sampled_from([*VALID, "data_base64", "extension"])


@given(_JSON | st.dictionaries(_ATTRIBUTES | st.text(), _JSON | st.sampled_from(list(VALID.values()))))
def test_nothing_makes_checking_raise_anything_but_invalid_input(document: Any) -> None:
    with contextlib.suppress(InvalidInput):
        check_event(document)


@given(_JSON, st.dictionaries(st.from_regex(r"[a-z0-9]{1,10}", fullmatch=True), st.text() | st.booleans()))
def test_writing_and_reading_again_gives_the_same_bytes(data: Any, extensions: dict[str, Any]) -> None:
    try:
        event = check_event({**extensions, **VALID, "data": data})
    except InvalidInput:
        return
    again = check_event(parse_json(event.encode()))
    assert again.encode() == event.encode()


# Records on a topic, in both content modes.


def binary(value: bytes | None, content_type: bytes | None = b"application/json", **changes: bytes) -> Any:
    headers = {
        "ce_specversion": b"1.0",
        "ce_id": b"e1",
        "ce_source": b"billing",
        "ce_type": b"billing.bill.created",
        "ce_organization": b"acme",
        **changes,
    }
    if content_type is not None:
        headers["content-type"] = content_type
    return read_record(headers, value)


def test_a_structured_record_is_read() -> None:
    assert read_record({"content-type": CONTENT_TYPE.encode()}, orjson.dumps(VALID)).document == VALID
    assert read_record({}, orjson.dumps(VALID)).document == VALID


def test_a_structured_record_wins_over_ce_headers_beside_it() -> None:
    headers = {"content-type": b"application/cloudevents+json; charset=utf-8", "ce_specversion": b"1.0", "ce_id": b"x"}
    assert read_record(headers, orjson.dumps(VALID)).id == "e1"


@pytest.mark.parametrize(
    ("content_type", "value", "member", "kept"),
    [
        (b"application/json", b'{"a":1}', "data", {"a": 1}),
        (b"application/vnd.x+json; charset=utf-8", b"[1]", "data", [1]),
        (None, b'{"a":1}', "data", {"a": 1}),
        (b"text/plain", "grün".encode(), "data", "grün"),
        (b"application/octet-stream", b"\x00\xff", "data_base64", base64.b64encode(b"\x00\xff").decode()),
    ],
)
def test_a_binary_records_payload_is_kept_by_its_media_type(
    content_type: bytes | None, value: bytes, member: str, kept: Any
) -> None:
    assert binary(value, content_type).document[member] == kept


def test_a_binary_record_may_have_no_payload() -> None:
    assert binary(None, None).data is None


def test_a_binary_records_bad_payload_is_named() -> None:
    with pytest.raises(InvalidInput, match=r"^data: not valid JSON"):
        binary(b"{")


def test_a_binary_records_faults_are_named_like_structured_ones() -> None:
    with pytest.raises(InvalidInput, match=r"^organization: missing"):
        binary(b"{}", ce_organization=b"Not One")


def test_an_empty_record_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"\(value\): empty record"):
        read_record({}, None)


@given(
    st.dictionaries(
        st.sampled_from(["ce_specversion", "ce_id", "ce_type", "content-type", "ce_data", "x"]), st.binary()
    ),
    st.none() | st.binary(),
)
def test_no_bytes_make_reading_raise_anything_but_invalid_input(headers: dict[str, bytes], value: bytes | None) -> None:
    with pytest.raises(InvalidInput):
        read_record(headers, value)


def test_an_attribute_called_data_cannot_hide_beside_a_payload() -> None:
    document = document_of_binary({"data_base64": "AA=="}, "application/json", b"{}")
    assert "data_base64" in faults({**VALID, **document})
