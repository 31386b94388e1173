"""Receivers: their signature check agrees with the reference library, and they behave the same each time."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from deploy.local.receivers.core.behaviour import Behaviour, flaky_failures, reply
from deploy.local.receivers.core.received_request import ReceivedRequest
from deploy.local.receivers.core.signature import TOLERANCE_SECONDS, is_signed
from deploy.local.receivers.request_log import RequestLog, read_requests

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = 1_700_000_000
BODY = b'{"amount": 120}'


def signed_headers(body: bytes = BODY, secret: str = SECRET) -> dict[str, str]:
    signature = Webhook(secret).sign("msg", datetime.fromtimestamp(NOW, UTC), body.decode())
    return {"webhook-id": "msg", "webhook-timestamp": str(NOW), "webhook-signature": signature}


def test_a_signature_of_the_reference_library_is_accepted() -> None:
    assert is_signed(signed_headers(), BODY, SECRET, NOW)


def test_one_good_signature_among_several_is_enough() -> None:
    headers = signed_headers()
    headers["webhook-signature"] = f"v1,AAAA v2,BBBB {headers['webhook-signature']}"
    assert is_signed(headers, BODY, SECRET, NOW)


@pytest.mark.parametrize(
    "change", [{"webhook-id": "other"}, {"webhook-timestamp": str(NOW + 1)}, {"webhook-signature": ""}]
)
def test_a_changed_header_is_refused(change: dict[str, str]) -> None:
    assert not is_signed(signed_headers() | change, BODY, SECRET, NOW)


def test_a_changed_body_is_refused() -> None:
    assert not is_signed(signed_headers(), BODY + b" ", SECRET, NOW)


def test_another_secret_is_refused() -> None:
    assert not is_signed(signed_headers(secret="whsec_b3RoZXItc2VjcmV0LW90aGVyLXNlY3JldA=="), BODY, SECRET, NOW)


@pytest.mark.parametrize("seconds", [-TOLERANCE_SECONDS - 1, TOLERANCE_SECONDS + 1])
def test_a_stale_timestamp_is_refused(seconds: int) -> None:
    assert not is_signed(signed_headers(), BODY, SECRET, NOW + seconds)


def test_an_unsigned_request_is_refused() -> None:
    assert not is_signed({}, BODY, SECRET, NOW)


def test_a_flaky_receiver_fails_the_same_requests_of_a_message_each_time() -> None:
    for number in range(30):
        message = f"message-{number}"
        failures = flaky_failures(message)
        statuses = [reply(Behaviour.FLAKY, message, seen, "/").status for seen in range(4)]
        assert statuses == [503] * failures + [200] * (4 - failures)
    assert {flaky_failures(f"message-{number}") for number in range(30)} == {0, 1, 2}


def test_a_refusing_receiver_answers_what_its_path_ends_in() -> None:
    assert reply(Behaviour.REFUSING, "m", 0, "/tax/422").status == 422
    assert reply(Behaviour.REFUSING, "m", 9, "/ledger").status == 500


def test_a_moody_receiver_fails_some_messages_each_time_and_others_never() -> None:
    moods = {
        frozenset(reply(Behaviour.MOODY, f"message-{number}", seen, "/").status for seen in range(3))
        for number in range(30)
    }
    assert moods == {frozenset({200}), frozenset({500})}


@pytest.mark.parametrize(
    ("behaviour", "logged"), [(Behaviour.HANGING, 0), (Behaviour.CLOSING, 0), (Behaviour.ENDLESS, 200)]
)
def test_an_answer_that_nobody_can_take_is_not_logged_as_one(behaviour: Behaviour, logged: int) -> None:
    assert reply(behaviour, "m", 0, "/").logged_status == logged


def test_what_was_written_is_read_back_and_a_line_under_way_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "requests.jsonl"
    assert read_requests(path) == []
    requests = [ReceivedRequest(1, 2, "a", "/x", 200), ReceivedRequest(3, 4, "b", "/y", 500)]
    with RequestLog(path) as log:
        for each in requests:
            log.write(each)
    with path.open("ab") as file:
        file.write(b'{"received_ms": 5')
    assert read_requests(path) == requests
