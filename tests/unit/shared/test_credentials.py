"""Credentials as users write them: what each kind takes, and that a secret goes in and never comes out."""

import re
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from shared.core.faults import faults_of
from shared.core.resources import (
    CREDENTIAL_OF,
    AnyCredential,
    CredentialKind,
    Kind,
    Resource,
    Webhook,
    read_spec,
    set_twice,
)

PLANTED = "pl4nted-s3cret"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----"
SPECS: dict[str, dict[str, Any]] = {
    "hmac": {},
    "basic": {"username": "fleet", "password": PLANTED},
    "api-key": {"value": PLANTED},
    "oauth2-client-credentials": {
        "token_url": "https://id.example/token",
        "client_id": "fleet",
        "client_secret": PLANTED,
    },
    "mutual-tls": {"certificate": CERTIFICATE, "private_key": PLANTED},
}
SUPPLIED = sorted(SPECS.keys() - {"hmac"})


def raw(kind: str, **changes: Any) -> dict[str, Any]:
    return {"kind": kind, "name": "C", **SPECS[kind], **changes}


def credential(kind: str, **changes: Any) -> AnyCredential:
    spec = read_spec(Kind.CREDENTIAL, raw(kind, **changes))
    assert isinstance(spec, AnyCredential)
    return spec


def faults(document: object) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        read_spec(Kind.CREDENTIAL, document)
    found = faults_of(caught.value)
    assert PLANTED not in str(found)
    return [fault.field for fault in found]


def test_there_is_a_model_for_every_kind_and_a_sample_here() -> None:
    assert {kind.value for kind in CREDENTIAL_OF} == SPECS.keys()


@pytest.mark.parametrize("kind", SUPPLIED)
def test_no_dump_of_a_spec_holds_its_secret(kind: str) -> None:
    spec = credential(kind)
    assert spec.secret is not None
    assert spec.secret.get_secret_value() == PLANTED
    resource = Resource(kind=Kind.CREDENTIAL, organization="a", id="c", spec=spec, created_ms=1, updated_ms=1)
    for text in (resource.encode().decode(), str(spec.model_dump()), repr(spec), repr(resource)):
        assert PLANTED not in text
    kept = Resource.model_validate_json(resource.encode()).spec
    assert kept == spec.without_secret()
    assert isinstance(kept, AnyCredential)
    assert kept.secret is None


@pytest.mark.parametrize("kind", SUPPLIED)
def test_a_secret_may_be_left_out_but_not_be_empty(kind: str) -> None:
    field = CREDENTIAL_OF[CredentialKind(kind)].secret_field or ""
    without = raw(kind)
    del without[field]
    assert read_spec(Kind.CREDENTIAL, without) == credential(kind).without_secret()
    assert faults({**without, field: ""}) == [field]


@pytest.mark.parametrize("kind", sorted(SPECS))
def test_the_document_says_which_fields_are_write_only(kind: str) -> None:
    model = CREDENTIAL_OF[CredentialKind(kind)]
    said = {name for name, field in model.model_json_schema()["properties"].items() if field.get("writeOnly")}
    assert said == ({model.secret_field} if model.secret_field else set())


def test_blanks_around_a_password_and_behind_a_prefix_are_kept() -> None:
    assert credential("basic", password=" two blanks ").secret.get_secret_value() == " two blanks "  # type: ignore[union-attr]
    assert credential("api-key").model_dump()["prefix"] == "Bearer "


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({"name": "C", "password": PLANTED}, ["kind"]),
        ({**raw("basic"), "kind": "magic"}, ["kind"]),
        ({"kind": ["basic"]}, ["kind"]),
        (PLANTED, ["(whole)"]),
        (raw("hmac", secret=PLANTED), ["secret"]),
        (raw("basic", username="a:b"), ["username"]),
        (raw("basic", password=f"{PLANTED}\r\nx: y"), ["password"]),
        (raw("basic", name="", pasword=PLANTED), ["name", "pasword"]),
        (raw("api-key", value=f"{PLANTED}\n"), ["value"]),
        (raw("api-key", value="ü"), ["value"]),
        (raw("api-key", header="content-length"), ["header"]),
        (raw("api-key", header="webhook-signature"), ["header"]),
        (raw("api-key", prefix="a\nb"), ["prefix"]),
        (raw("oauth2-client-credentials", token_url=f"https://u:{PLANTED}@id.example/"), ["token_url"]),
        (raw("oauth2-client-credentials", client_authentication="jwt"), ["client_authentication"]),
        (raw("mutual-tls", certificate=f"-----BEGIN PRIVATE KEY-----\n{PLANTED}"), ["certificate"]),
        (raw("mutual-tls", certificate=""), ["certificate"]),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_field_and_not_repeated(document: object, fields: list[str]) -> None:
    assert faults(document) == fields


def test_no_name_in_a_credentials_dump_is_that_of_a_secret() -> None:
    for kind in SPECS:
        dumped = orjson.loads(credential(kind).model_dump_json())
        assert not [name for name in dumped if re.search("password|secret|^value$|private", name)]


def test_what_headers_and_credentials_set_twice_is_found() -> None:
    key, basic, tls = credential("api-key", header="X-Key"), credential("basic"), credential("mutual-tls")
    token, hmac = credential("oauth2-client-credentials"), credential("hmac")
    assert set_twice(["x-team"], [key, basic, tls, hmac, hmac]) is None
    assert set_twice(["X-KEY"], [key]) == "x-key"
    assert set_twice([], [basic, token]) == "authorization"
    assert set_twice([], [tls, tls]) == "client certificate"


def test_a_webhook_does_not_both_need_no_proof_and_link_some() -> None:
    with pytest.raises(ValidationError, match="leave one of the two out"):
        Webhook.model_validate(
            {"name": "W", "url": "https://example.com", "authentication": "none", "credentials": ["c"]}
        )
