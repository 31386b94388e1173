"""The client credentials grant: what is asked, and what each answer means."""

import base64
from typing import Any
from urllib.parse import parse_qs, unquote_plus

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.core.authorisation import CredentialFailure, TokenGrant
from services.dispatcher.core.exchange import Answer, CannotSend, NetworkFailure, Result
from services.dispatcher.core.token_exchange import read_token, token_request
from shared.core.resources import OAuth2ClientCredentials

TEXTS = st.text(st.characters(min_codepoint=0x20, exclude_categories=["Cs"], exclude_characters="\x7f"), min_size=1)


def grant(client_secret: str = "s3cret", **changes: Any) -> TokenGrant:
    spec = {"token_url": "https://id.example/token", "client_id": "fleet", **changes}
    return TokenGrant(
        OAuth2ClientCredentials.model_validate({"kind": "oauth2-client-credentials", "name": "Id", **spec}),
        client_secret,
    )


def answer(status: int = 200, document: object = None, *, body: bytes | None = None) -> Answer:
    return Answer(status, (), orjson.dumps(document) if body is None else body, truncated=False)


@given(TEXTS, TEXTS)
def test_a_server_reads_back_whatever_client_id_and_secret(client_id: str, client_secret: str) -> None:
    in_header = token_request(grant(client_secret, client_id=client_id), "Hookfleet", 10)
    kind, pair = dict(in_header.headers)["authorization"].split()
    read = tuple(unquote_plus(part) for part in base64.b64decode(pair).decode().split(":"))
    assert (kind, read) == ("Basic", (client_id, client_secret))
    assert in_header.body == b"grant_type=client_credentials"
    in_body = token_request(grant(client_secret, client_id=client_id, client_authentication="body"), "Hookfleet", 10)
    form = parse_qs(in_body.body.decode(), keep_blank_values=True, strict_parsing=True)
    assert (form["client_id"], form["client_secret"]) == ([client_id], [client_secret])
    assert "authorization" not in dict(in_body.headers)


def test_scope_and_audience_are_asked_for_where_they_are_set() -> None:
    assert parse_qs(token_request(grant(), "Hookfleet", 10).body) == {b"grant_type": [b"client_credentials"]}
    asked = token_request(grant(scope="bills hooks", audience="https://api.example"), "Hookfleet", 10)
    assert parse_qs(asked.body) == {
        b"grant_type": [b"client_credentials"],
        b"scope": [b"bills hooks"],
        b"audience": [b"https://api.example"],
    }
    assert (asked.method, asked.url, asked.timeout_seconds) == ("POST", "https://id.example/token", 10)


@pytest.mark.parametrize(
    ("document", "seconds"),
    [
        ({"access_token": "t", "token_type": "Bearer", "expires_in": 60}, 60.0),
        ({"access_token": "t", "token_type": "bearer", "expires_in": "60"}, 60.0),
        ({"access_token": "t"}, None),
    ],
)
def test_a_token_comes_with_its_time_where_that_is_told(document: object, seconds: float | None) -> None:
    assert read_token(grant(), answer(document=document)) == ("t", seconds)


@pytest.mark.parametrize(
    ("result", "code", "said"),
    [
        (answer(401, {"error": "invalid_client"}), "token.refused", "id.example answered 401 (invalid_client)"),
        (answer(400, {"error": "no s3cret here"}), "token.refused", "answered 400"),
        (answer(404, body=b"<html>"), "token.refused", "answered 404"),
        (answer(429), "token.unreachable", "answered 429"),
        (answer(503), "token.unreachable", "answered 503"),
        (NetworkFailure("connect.refused"), "token.unreachable", "connect.refused"),
        (CannotSend("address.refused", "10.0.0.1"), "address.refused", "10.0.0.1"),
        (answer(302), "token.invalid", "answered 302"),
        (answer(body=b"not JSON"), "token.invalid", "no access_token"),
        (answer(document=["t"]), "token.invalid", "no access_token"),
        (answer(document={"access_token": ""}), "token.invalid", "no access_token"),
        (answer(document={"access_token": "a\r\nb: c"}), "token.invalid", "no access_token"),
        (answer(document={"access_token": "t", "token_type": "mac"}), "token.invalid", "another type"),
        (answer(document={"access_token": "t", "expires_in": "soon"}), "token.invalid", "expires_in"),
        (answer(document={"access_token": "t", "expires_in": True}), "token.invalid", "expires_in"),
        (answer(document={"access_token": "t", "expires_in": -1}), "token.invalid", "expires_in"),
    ],
)
def test_what_gives_no_token_has_a_code_and_repeats_nothing_that_was_sent(result: Result, code: str, said: str) -> None:
    with pytest.raises(CredentialFailure) as caught:
        read_token(grant(), result)
    assert caught.value.code == code
    assert said in caught.value.detail
    assert "s3cret" not in str(caught.value)
