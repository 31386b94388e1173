"""What a request carries for each kind of credential, and what happens where it cannot be had."""

import asyncio
import base64
import time
from typing import Any

import orjson
import pytest
from standardwebhooks import Webhook as ReferenceWebhook

from services.dispatcher.authorisation import Authoriser
from services.dispatcher.core.authorisation import Authorisation, CredentialFailure
from services.dispatcher.core.configuration import Configuration
from services.dispatcher.core.exchange import Answer, Request, Result
from shared.adapters.clock import now_ms
from shared.adapters.sealing import Sealer
from shared.core.resources import Kind, Resource, Webhook, read_spec
from shared.core.topics import config_key

ORGANIZATION = "acme"
OLD, NEW = "whsec_" + base64.b64encode(b"o" * 32).decode(), "whsec_" + base64.b64encode(b"n" * 32).decode()
OAUTH = {"kind": "oauth2-client-credentials", "token_url": "https://id.example/token", "client_id": "fleet"}
CERTIFICATE = "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----"


class Endpoint:
    """Gives one token after another."""

    def __init__(self) -> None:
        self.asked = 0

    async def send(self, request: Request) -> Result:
        self.asked += 1
        document = {"access_token": f"token-{self.asked}", "token_type": "Bearer", "expires_in": 3600}
        return Answer(200, (), orjson.dumps(document), truncated=False)


class Scene:
    """A configuration whose credentials a test writes, and an authoriser over it."""

    def __init__(self) -> None:
        self.sealer = Sealer({"k": b"k" * 32})
        self.configuration = Configuration()
        self.endpoint = Endpoint()
        self.authoriser = Authoriser(self.configuration, self.sealer, self.endpoint, now_ms)
        self.written = 0

    def credential(self, resource_id: str, spec: dict[str, Any], *secrets: str, sealer: Sealer | None = None) -> None:
        key = config_key(Kind.CREDENTIAL, ORGANIZATION, resource_id)
        sealed = tuple((sealer or self.sealer).seal(each.encode(), key) for each in secrets)
        self.write(Kind.CREDENTIAL, resource_id, {"name": "C", **spec}, sealed)

    def write(self, kind: Kind, resource_id: str, spec: dict[str, Any], sealed: tuple[str, ...] = ()) -> None:
        self.written += 1
        resource = Resource(
            kind=kind,
            organization=ORGANIZATION,
            id=resource_id,
            spec=read_spec(kind, spec),
            sealed=sealed,
            created_ms=1,
            updated_ms=self.written,
        )
        self.configuration.apply(kind, ORGANIZATION, resource_id, resource.encode())

    def webhook(self, *credentials: str, **spec: Any) -> Webhook:
        whole = {"name": "W", "url": "https://example.com/", "credentials": credentials, **spec}
        self.write(Kind.WEBHOOK, "hook", whole)
        webhook = self.configuration.webhook(ORGANIZATION, "hook")
        assert webhook is not None
        return webhook

    def ready(self, webhook: Webhook, organization: str = ORGANIZATION) -> Authorisation | None:
        return self.authoriser.ready(organization, webhook, "run-1", int(time.time()), b"{}")

    def authorised(self, webhook: Webhook) -> Authorisation:
        """As the send stage asks."""
        ready = self.ready(webhook)
        if ready is not None:
            return ready
        return asyncio.run(self.authoriser.fetched(ORGANIZATION, webhook, "run-1", int(time.time()), b"{}", 5))

    def failure(self, webhook: Webhook) -> CredentialFailure:
        with pytest.raises(CredentialFailure) as caught:
            self.ready(webhook)
        return caught.value


def test_without_a_credential_there_are_an_id_and_a_time() -> None:
    scene = Scene()
    authorisation = scene.authorised(scene.webhook())
    assert [name for name, _ in authorisation.headers] == ["webhook-id", "webhook-timestamp"]
    assert (authorisation.client_certificate, authorisation.secrets) == (None, ())


def test_every_live_secret_signs_and_the_reference_library_accepts_either() -> None:
    scene = Scene()
    scene.credential("sig", {"kind": "hmac"}, NEW, OLD)
    authorisation = scene.authorised(scene.webhook("sig"))
    for secret in (OLD, NEW):
        ReferenceWebhook(secret).verify(b"{}", dict(authorisation.headers))
        assert secret in authorisation.secrets


@pytest.mark.parametrize(
    ("spec", "secret", "header"),
    [
        ({"kind": "basic", "username": "fleet"}, "pässword ", ("authorization", "Basic ZmxlZXQ6cMOkc3N3b3JkIA==")),
        ({"kind": "api-key"}, "k3y", ("authorization", "Bearer k3y")),
        ({"kind": "api-key", "header": "X-Api-Key", "prefix": ""}, "k3y", ("X-Api-Key", "k3y")),
    ],
)
def test_a_supplied_secret_stands_in_its_header(spec: dict[str, Any], secret: str, header: tuple[str, str]) -> None:
    scene = Scene()
    scene.credential("c", spec, secret)
    authorisation = scene.authorised(scene.webhook("c"))
    assert header in authorisation.headers
    assert secret in authorisation.secrets
    assert secret not in repr(authorisation)


def test_a_key_for_a_template_stands_in_no_header_and_is_a_secret_all_the_same() -> None:
    scene = Scene()
    scene.credential("key", {"kind": "api-key", "header": ""}, "k3y")
    webhook = scene.webhook("key", headers={"Authorization": "x"})
    assert scene.authoriser.key(ORGANIZATION, webhook) == "k3y"
    authorisation = scene.authorised(webhook)
    assert [name for name, _ in authorisation.headers] == ["webhook-id", "webhook-timestamp"]
    assert authorisation.secrets == ("k3y",)
    assert scene.authoriser.key(ORGANIZATION, scene.webhook()) is None


def test_a_certificate_is_given_with_its_key_and_named_by_its_version() -> None:
    scene = Scene()
    webhook = scene.webhook("tls")
    names = []
    for certificate in (CERTIFICATE, CERTIFICATE + "\n"):
        scene.credential("tls", {"kind": "mutual-tls", "certificate": certificate}, "the key")
        shown = scene.authorised(webhook).client_certificate
        assert shown is not None
        assert (shown.certificate_pem, shown.key_pem) == (certificate, "the key")
        assert "the key" not in repr(shown)
        names.append(shown.name)
    assert names[0] != names[1]


def test_several_credentials_are_used_together() -> None:
    scene = Scene()
    scene.credential("sig", {"kind": "hmac"}, NEW)
    scene.credential("key", {"kind": "api-key", "header": "x-key", "prefix": ""}, "k3y")
    scene.credential("tls", {"kind": "mutual-tls", "certificate": CERTIFICATE}, "the key")
    scene.credential("token", OAUTH, "s3cret")
    authorisation = scene.authorised(scene.webhook("sig", "key", "tls", "token"))
    headers = dict(authorisation.headers)
    assert (headers["x-key"], headers["authorization"]) == ("k3y", "Bearer token-1")
    assert "webhook-signature" in headers
    assert authorisation.client_certificate is not None
    assert {NEW, "k3y", "the key", "s3cret", "token-1"} <= set(authorisation.secrets)


def test_a_token_is_fetched_once_and_then_ready() -> None:
    scene = Scene()
    scene.credential("token", OAUTH, "s3cret")
    webhook = scene.webhook("token")
    assert scene.ready(webhook) is None
    scene.authorised(webhook)
    ready = scene.ready(webhook)
    assert ready is not None
    assert dict(ready.headers)["authorization"] == "Bearer token-1"
    assert scene.endpoint.asked == 1


def test_a_token_that_a_receiver_refuses_is_fetched_anew() -> None:
    scene = Scene()
    scene.credential("token", OAUTH, "s3cret")
    webhook = scene.webhook("token")
    scene.authoriser.refused(ORGANIZATION, webhook, scene.authorised(webhook))
    assert dict(scene.authorised(webhook).headers)["authorization"] == "Bearer token-2"


def test_a_token_outlives_a_record_that_says_the_same_and_not_one_that_changed() -> None:
    scene = Scene()
    key = config_key(Kind.CREDENTIAL, ORGANIZATION, "token")
    sealed = (scene.sealer.seal(b"s3cret", key),)
    webhook = scene.webhook("token")
    for scope, token in ((None, "token-1"), (None, "token-1"), ("bills", "token-2")):
        scene.write(Kind.CREDENTIAL, "token", {"name": "C", "scope": scope, **OAUTH}, sealed)
        assert dict(scene.authorised(webhook).headers)["authorization"] == f"Bearer {token}"


def test_a_new_secret_holds_from_the_next_request_on() -> None:
    scene = Scene()
    webhook = scene.webhook("key")
    for secret in ("one", "two"):
        scene.credential("key", {"kind": "api-key"}, secret)
        assert ("authorization", f"Bearer {secret}") in scene.authorised(webhook).headers


def test_one_organizations_webhook_never_gets_anothers_secret() -> None:
    scene = Scene()
    scene.credential("key", {"kind": "api-key"}, "k3y")
    webhook = scene.webhook("key")
    scene.authorised(webhook)
    with pytest.raises(CredentialFailure, match=r"credential\.missing"):
        scene.ready(webhook, organization="other")


def test_a_credential_that_is_gone_or_does_not_open_is_named() -> None:
    scene = Scene()
    webhook = scene.webhook("c")
    assert (scene.failure(webhook).code, "'c'" in scene.failure(webhook).detail) == ("credential.missing", True)
    scene.credential("c", {"kind": "api-key"}, "k3y", sealer=Sealer({"gone": b"g" * 32}))
    failure = scene.failure(webhook)
    assert (failure.code, "'gone'" in failure.detail) == ("credential.unusable", True)
    scene.credential("c", {"kind": "hmac"}, "whsec_not base64!")
    assert scene.failure(webhook).code == "credential.unusable"
    scene.credential("c", {"kind": "hmac"})
    assert scene.failure(webhook).code == "credential.unusable"


def test_a_credential_that_is_deleted_while_it_is_in_use_is_missing() -> None:
    scene = Scene()
    scene.credential("key", {"kind": "api-key"}, "k3y")
    webhook = scene.webhook("key")
    scene.authorised(webhook)
    scene.configuration.apply(Kind.CREDENTIAL, ORGANIZATION, "key", None)
    assert scene.failure(webhook).code == "credential.missing"


def test_a_webhook_that_demands_a_credential_posts_nothing_without_one() -> None:
    scene = Scene()
    assert scene.failure(scene.webhook(authentication="required")).code == "credential.disconnected"
    scene.credential("sig", {"kind": "hmac"}, NEW)
    scene.authorised(scene.webhook("sig", authentication="required"))
    scene.authorised(scene.webhook(authentication="none"))


@pytest.mark.parametrize(
    ("headers", "credentials"), [({}, ("key", "basic")), ({"Authorization": "x"}, ("key",)), ({}, ("tls", "tls"))]
)
def test_a_request_never_says_a_thing_twice(headers: dict[str, str], credentials: tuple[str, ...]) -> None:
    scene = Scene()
    scene.credential("key", {"kind": "api-key"}, "k3y")
    scene.credential("basic", {"kind": "basic", "username": "fleet"}, "password")
    scene.credential("tls", {"kind": "mutual-tls", "certificate": CERTIFICATE}, "the key")
    failure = scene.failure(scene.webhook(*credentials, headers=headers))
    assert (failure.code, "more than once" in failure.detail) == ("credential.unusable", True)
