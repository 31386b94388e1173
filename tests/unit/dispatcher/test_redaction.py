"""What of an exchange is kept."""

import base64

import pytest

from services.dispatcher.core.redaction import REDACTED, keep_body, redact_headers


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "proxy-authorization",
        "Cookie",
        "Set-Cookie",
        "X-API-Key",
        "apikey",
        "X-Auth-Token",
        "X-Client-Secret",
        "password",
    ],
)
def test_a_header_that_proves_identity_keeps_its_name_and_loses_its_value(name: str) -> None:
    assert redact_headers([(name, "s3cret")]) == ((name, REDACTED),)


@pytest.mark.parametrize("name", ["content-type", "webhook-id", "webhook-signature", "retry-after", "X-Request-Id"])
def test_a_header_that_helps_to_find_a_fault_is_kept(name: str) -> None:
    assert redact_headers([(name, "value")]) == ((name, "value"),)


def test_repeated_headers_stay_repeated_and_in_order() -> None:
    headers = [("x-a", "1"), ("Set-Cookie", "s3cret"), ("x-a", "2"), ("set-cookie", "s3cret")]
    assert redact_headers(headers) == (("x-a", "1"), ("Set-Cookie", REDACTED), ("x-a", "2"), ("set-cookie", REDACTED))


def test_a_body_is_kept_as_text_where_it_is_text_and_else_as_base64() -> None:
    assert keep_body("grün".encode()).text == "grün"
    binary = keep_body(b"\xff\x00", truncated=True)
    assert (binary.text, binary.base64) == (None, base64.b64encode(b"\xff\x00").decode())
    assert (binary.size, binary.truncated) == (2, True)
    assert (keep_body(b"").text, keep_body(b"").size) == ("", 0)
