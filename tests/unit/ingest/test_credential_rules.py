"""What becomes of secrets when configuration is written: kept, replaced, added, retired, sealed anew."""

from typing import Any

import pytest

from services.ingest.core.config_changes import (
    Accepted,
    AddSecret,
    AnyVersion,
    Apply,
    ChangeSecrets,
    Deferred,
    Effect,
    Invalid,
    KeepNewestSecret,
    NotFound,
    Planned,
    Put,
    PutOne,
    ResourceKey,
    SealAnew,
    Stored,
    SuppliedSecret,
    VersionNeeded,
    VersionStale,
)
from services.ingest.core.config_draft import ConfigDraft
from services.ingest.core.credential_rules import MAX_LIVE_SECRETS
from shared.core.resources import AnySpec, Kind, Resource, read_spec
from tests.unit.ingest.test_config_draft import Table

KEY = ResourceKey(Kind.CREDENTIAL, "acme", "c")
BASIC = {"kind": "basic", "username": "fleet"}
HMAC = {"kind": "hmac"}
OAUTH = {"kind": "oauth2-client-credentials", "token_url": "https://id.example/", "client_id": "fleet"}
TLS = {"kind": "mutual-tls", "certificate": "one"}


def spec_of(spec: dict[str, Any], **changes: Any) -> AnySpec:
    return read_spec(Kind.CREDENTIAL, {"name": "C", **spec, **changes})


def supplied(secret: str) -> SuppliedSecret:
    """Sealing as this test has it: the secret behind a mark."""
    return SuppliedSecret(f"new:{secret}", lambda sealed: sealed.partition(":")[2] == secret)


def put(spec: dict[str, Any], secret: str | None = None, **changes: Any) -> Put:
    return Put(KEY, spec_of(spec, **changes), 2_000, "spec", None if secret is None else supplied(secret))


def draft(spec: dict[str, Any] | None = None, *sealed: str) -> ConfigDraft:
    table = Table()
    if spec is not None:
        resource = Resource(
            kind=Kind.CREDENTIAL,
            organization="acme",
            id="c",
            spec=spec_of(spec),
            sealed=sealed,
            created_ms=1_000,
            updated_ms=1_000,
        )
        table[KEY] = Stored(resource, 7)
    return ConfigDraft(table)


def only(judgement: object) -> Planned:
    assert isinstance(judgement, Accepted), judgement
    (part,) = judgement.parts
    return part


def effect(judgement: object) -> tuple[Effect, tuple[str, ...]]:
    part = only(judgement)
    assert part.resource is not None
    return part.effect, part.resource.sealed


def fields(judgement: object) -> list[str]:
    assert isinstance(judgement, Invalid), judgement
    return [fault.field for fault in judgement.faults]


def test_a_new_credential_needs_the_secret_that_users_supply() -> None:
    assert fields(draft().judge(PutOne(put(BASIC), None))) == ["spec.password"]
    assert fields(draft().judge(Apply((put(TLS),)))) == ["spec.private_key"]
    assert effect(draft().judge(PutOne(put(BASIC, "a"), None))) == (Effect.CREATED, ("new:a",))


def test_without_a_secret_the_sealed_one_is_kept() -> None:
    there = draft(BASIC, "old:a")
    assert effect(there.judge(PutOne(put(BASIC), None))) == (Effect.UNCHANGED, ("old:a",))
    assert effect(there.judge(PutOne(put(BASIC, name="new"), 7))) == (Effect.UPDATED, ("old:a",))


def test_the_same_document_with_its_secret_changes_nothing_and_keeps_the_sealed_text() -> None:
    assert effect(draft(BASIC, "old:a").judge(Apply((put(BASIC, "a"),)))) == (Effect.UNCHANGED, ("old:a",))
    renamed = draft(BASIC, "old:a").judge(PutOne(put(BASIC, "a", name="new"), 7))
    assert effect(renamed) == (Effect.UPDATED, ("old:a",))


def test_another_secret_is_an_update_under_the_lock() -> None:
    assert draft(BASIC, "old:a").judge(PutOne(put(BASIC, "b"), None)) == VersionNeeded(KEY, 7)
    assert draft(BASIC, "old:a").judge(PutOne(put(BASIC, "b"), 6)) == VersionStale(KEY, 7)
    assert effect(draft(BASIC, "old:a").judge(PutOne(put(BASIC, "b"), 7))) == (Effect.UPDATED, ("new:b",))
    assert effect(draft(BASIC, "old:a").judge(Apply((put(BASIC, "b"),)))) == (Effect.UPDATED, ("new:b",))


@pytest.mark.parametrize(
    ("spec", "change", "field"),
    [
        (OAUTH, {"token_url": "https://evil.example/"}, "spec.client_secret"),
        (TLS, {"certificate": "two"}, "spec.private_key"),
    ],
)
def test_a_kept_secret_is_never_used_with_what_it_was_not_given_for(
    spec: dict[str, Any], change: dict[str, str], field: str
) -> None:
    assert fields(draft(spec, "old:a").judge(PutOne(put(spec, **change), AnyVersion()))) == [field]
    assert effect(draft(spec, "old:a").judge(PutOne(put(spec, "a", **change), 7))) == (Effect.UPDATED, ("old:a",))
    assert effect(draft(spec, "old:a").judge(PutOne(put(spec, name="new"), 7))) == (Effect.UPDATED, ("old:a",))


def test_another_kind_is_another_credential() -> None:
    assert fields(draft(BASIC, "old:a").judge(PutOne(put(OAUTH), 7))) == ["spec.kind"]


def change(act: AddSecret | KeepNewestSecret | SealAnew, if_match: int | None = None) -> ChangeSecrets:
    return ChangeSecrets(KEY, act, 3_000, if_match)


def test_rotating_puts_the_new_secret_first_and_retiring_keeps_it_alone() -> None:
    rotated = draft(HMAC, "old").judge(change(AddSecret("new")))
    assert effect(rotated) == (Effect.UPDATED, ("new", "old"))
    resource = only(rotated).resource
    assert resource is not None
    assert (resource.created_ms, resource.updated_ms) == (1_000, 3_000)
    assert effect(draft(HMAC, "new", "old").judge(change(KeepNewestSecret()))) == (Effect.UPDATED, ("new",))
    assert effect(draft(HMAC, "new").judge(change(KeepNewestSecret()))) == (Effect.UNCHANGED, ("new",))


def test_a_rotation_that_an_earlier_try_wrote_is_confirmed_once() -> None:
    judged = draft(HMAC, "new", "old").judge(change(AddSecret("new"), if_match=6))
    assert effect(judged) == (Effect.UNCHANGED, ("new", "old"))
    assert (only(judged).record, only(judged).version) == (None, 7)


def test_no_more_secrets_sign_at_once_than_a_header_should_hold() -> None:
    live = [f"s{number}" for number in range(MAX_LIVE_SECRETS)]
    assert fields(draft(HMAC, *live).judge(change(AddSecret("new")))) == ["(secrets)"]


@pytest.mark.parametrize("act", [AddSecret("new"), KeepNewestSecret()])
def test_only_secrets_that_sign_are_rotated(act: AddSecret | KeepNewestSecret) -> None:
    assert fields(draft(BASIC, "old:a").judge(change(act))) == ["kind"]


def test_what_is_not_there_or_has_changed_is_not_rotated() -> None:
    assert draft().judge(change(AddSecret("new"))) == NotFound(KEY)
    assert draft(HMAC, "old").judge(change(AddSecret("new"), if_match=6)) == VersionStale(KEY, 7)


def test_a_second_change_of_one_credential_waits_for_the_first() -> None:
    there = draft(HMAC, "old")
    there.judge(change(AddSecret("new")))
    assert there.judge(change(KeepNewestSecret())) == Deferred()


@pytest.mark.parametrize("spec", [HMAC, BASIC, TLS])
def test_sealing_anew_takes_effect_only_where_what_was_read_still_stands(spec: dict[str, Any]) -> None:
    act = SealAnew(("old:a",), ("new:a",))
    assert effect(draft(spec, "old:a").judge(change(act))) == (Effect.UPDATED, ("new:a",))
    assert effect(draft(spec, "old:b").judge(change(act))) == (Effect.UNCHANGED, ("old:b",))
    assert effect(draft(spec, "new:a").judge(change(act))) == (Effect.UNCHANGED, ("new:a",))


def linking(**changes: Any) -> Put:
    """A webhook that links the credential."""
    document = {"name": "W", "url": "https://example.com/", "credentials": ["c"], **changes}
    hook = ResourceKey(Kind.WEBHOOK, "acme", "w")
    return Put(hook, read_spec(Kind.WEBHOOK, document), 2_000, "resources[1].spec")


@pytest.mark.parametrize("url", ["http://example.com/", "HTTP://example.com/"])
def test_a_client_certificate_is_not_linked_where_nobody_would_be_shown_it(url: str) -> None:
    plain = linking(url=url)
    for judgement in draft().judge(Apply((put(TLS, "a"), plain))), draft(TLS, "old:a").judge(PutOne(plain, None)):
        assert isinstance(judgement, Invalid)
        [fault] = judgement.faults
        assert fault.field == "resources[1].spec.credentials"
        assert "https" in fault.fix
    assert effect(draft(TLS, "old:a").judge(PutOne(linking(), None)))[0] is Effect.CREATED
    assert effect(draft(BASIC, "old:a").judge(PutOne(plain, None)))[0] is Effect.CREATED


def test_a_webhook_may_not_set_a_header_twice() -> None:
    webhook = linking(headers={"Authorization": "x"})
    assert fields(draft().judge(Apply((put(BASIC, "a"), webhook)))) == ["resources[1].spec.credentials"]
    assert fields(draft(BASIC, "old:a").judge(PutOne(webhook, None))) == ["resources[1].spec.credentials"]
    assert effect(draft(HMAC, "old:a").judge(PutOne(webhook, None)))[0] is Effect.CREATED
