"""Signatures, verified by the reference library of Standard Webhooks."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from services.dispatcher.core.signing import signed_headers, signing_key

OLD = "whsec_" + base64.b64encode(b"o" * 24).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 64).decode()
FOREIGN = "whsec_" + base64.b64encode(b"f" * 32).decode()


def signed(webhook_id: str, timestamp: int, body: bytes, secrets: list[str]) -> list[tuple[str, str]]:
    return signed_headers(webhook_id, timestamp, body, [signing_key(each) for each in secrets])


def now() -> int:
    return int(datetime.now(UTC).timestamp())


@given(st.text(max_size=50).map(lambda text: b'{"a":"%s"}' % text.encode("utf-8", "replace").hex().encode()))
def test_the_reference_library_accepts_every_body(body: bytes) -> None:
    headers = dict(signed("run-1", now(), body, [NEW]))
    Webhook(NEW).verify(body, headers)


def test_while_rotating_both_secrets_verify_and_a_foreign_one_does_not() -> None:
    headers = dict(signed("run-1", now(), b"{}", [NEW, OLD]))
    Webhook(NEW).verify(b"{}", headers)
    Webhook(OLD).verify(b"{}", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(FOREIGN).verify(b"{}", headers)


def test_the_newest_secret_signs_first() -> None:
    both = dict(signed("run-1", 5, b"{}", [NEW, OLD]))["webhook-signature"].split()
    assert both == [dict(signed("run-1", 5, b"{}", [each]))["webhook-signature"] for each in (NEW, OLD)]


@pytest.mark.parametrize(
    ("field", "value"), [("webhook-id", "run-2"), ("webhook-timestamp", "1"), ("webhook-signature", "v1,AAAA")]
)
def test_what_is_changed_on_the_way_no_longer_verifies(field: str, value: str) -> None:
    headers = dict(signed("run-1", now(), b"{}", [NEW])) | {field: value}
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(b"{}", headers)


def test_a_changed_body_no_longer_verifies() -> None:
    headers = dict(signed("run-1", now(), b"{}", [NEW]))
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(b"{ }", headers)


def test_without_a_secret_there_is_no_signature_but_an_id_and_a_time() -> None:
    assert signed("run-1", 5, b"{}", []) == [("webhook-id", "run-1"), ("webhook-timestamp", "5")]


def test_a_secret_that_is_no_base64_is_refused() -> None:
    with pytest.raises(ValueError, match=r"base64|alphabet|padding"):
        signing_key("whsec_not base64!")
