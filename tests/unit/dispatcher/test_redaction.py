"""What of an exchange is kept."""

import pytest

from services.dispatcher.core.redaction import REDACTED, redact_headers


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
    assert redact_headers([(name, "s3cret")]) == [(name, REDACTED)]


@pytest.mark.parametrize("name", ["content-type", "webhook-id", "webhook-signature", "retry-after", "X-Request-Id"])
def test_a_header_that_helps_to_find_a_fault_is_kept(name: str) -> None:
    assert redact_headers([(name, "value")]) == [(name, "value")]


def test_repeated_headers_stay_repeated_and_in_order() -> None:
    headers = [("x-a", "1"), ("Set-Cookie", "s3cret"), ("x-a", "2"), ("set-cookie", "s3cret")]
    assert redact_headers(headers) == [("x-a", "1"), ("Set-Cookie", REDACTED), ("x-a", "2"), ("set-cookie", REDACTED)]
