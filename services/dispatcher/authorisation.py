"""What a request to a webhook carries so that its receiver knows it is ours: the shell around `core.authorisation`.

Secrets are opened when they are first needed and kept open for as long as the record that holds them does not change.
What a webhook's credentials amount to is put together once and found again by the webhook itself: the configuration
gives the same object until its record changes. So a delivery that needs no token costs a look-up, a comparison per
credential and its signature, and no coroutine.

    authorisation = authoriser.ready(...) or await authoriser.fetched(...)

The event loop that uses it is its only thread.
"""

from dataclasses import dataclass

from services.dispatcher.core.authorisation import (
    Authorisation,
    Certificate,
    CredentialFailure,
    FixedHeader,
    Proof,
    Signing,
    TokenGrant,
    proof_of,
)
from services.dispatcher.core.configuration import Configuration
from services.dispatcher.core.exchange import ClientCertificate, Header
from services.dispatcher.core.signing import signed_headers
from services.dispatcher.oauth_tokens import TokenClient, TokenSource
from shared.adapters.clock import Clock
from shared.adapters.sealing import Sealer, SealingError
from shared.core.resources import Authentication, Credential, Kind, Resource, Webhook, set_twice
from shared.core.topics import config_key

#: Webhooks and credentials kept ready, each; forgotten all at once beyond that, which costs opening those in use again.
_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class _Opened:
    """A credential as one version of its record says."""

    resource: Resource
    spec: Credential
    proof: Proof
    token: TokenSource | None


@dataclass(frozen=True, slots=True)
class _Ready:
    """What a webhook's credentials amount to, as long as all of these are the same objects."""

    webhook: Webhook
    organization: str
    resources: tuple[Resource, ...]
    keys: tuple[bytes, ...]
    headers: tuple[Header, ...]
    key: str | None
    certificate: ClientCertificate | None
    token: TokenSource | None
    secrets: tuple[str, ...]


class Authoriser:
    """Authorises requests. Lives on one event loop."""

    def __init__(self, configuration: Configuration, sealer: Sealer, tokens: TokenClient, clock: Clock) -> None:
        """``tokens`` performs the requests for access tokens."""
        self._configuration = configuration
        self._sealer = sealer
        self._tokens = tokens
        self._clock = clock
        self._opened: dict[tuple[str, str], _Opened] = {}
        self._ready: dict[int, _Ready] = {}

    def ready(
        self, organization: str, webhook: Webhook, webhook_id: str, timestamp_seconds: int, body: bytes
    ) -> Authorisation | None:
        """What the request carries; null when a token must be fetched first.

        Raises CredentialFailure when a linked credential is missing or cannot be used.
        """
        ready = self._of(organization, webhook)
        headers = signed_headers(webhook_id, timestamp_seconds, body, ready.keys)
        if ready.token is None:
            headers += ready.headers
            return Authorisation(headers, ready.certificate, ready.secrets)
        token = ready.token.current()
        return None if token is None else _with_token(ready, headers, token)

    async def fetched(
        self,
        organization: str,
        webhook: Webhook,
        webhook_id: str,
        timestamp_seconds: int,
        body: bytes,
        timeout_seconds: float,
    ) -> Authorisation:
        """As `ready`, with a token that is waited for.

        Raises CredentialFailure, also when no token can be had within ``timeout_seconds``.
        """
        ready = self._of(organization, webhook)
        headers = signed_headers(webhook_id, timestamp_seconds, body, ready.keys)
        if ready.token is None:
            return Authorisation([*headers, *ready.headers], ready.certificate, ready.secrets)
        return _with_token(ready, headers, await ready.token.fetched(timeout_seconds))

    def key(self, organization: str, webhook: Webhook) -> str | None:
        """The webhook's API key, for a template that puts it somewhere else than in a header; null when none is linked.

        Raises CredentialFailure as `ready` does.
        """
        return self._of(organization, webhook).key

    def refused(self, organization: str, webhook: Webhook, authorisation: Authorisation) -> None:
        """The receiver answered 401: a token that was used is not used again."""
        for credential_id in webhook.credentials:
            opened = self._opened.get((organization, credential_id))
            if opened is not None and opened.token is not None:
                for secret in authorisation.secrets:
                    opened.token.drop(secret)

    def _of(self, organization: str, webhook: Webhook) -> _Ready:
        kept = self._ready.get(id(webhook))
        if kept is not None and kept.webhook is webhook and kept.organization == organization:
            for credential_id, resource in zip(webhook.credentials, kept.resources, strict=True):
                if self._configuration.credential(organization, credential_id) is not resource:
                    break
            else:
                return kept
        ready = self._put_together(organization, webhook)
        if len(self._ready) >= _KEPT:
            self._ready.clear()
        self._ready[id(webhook)] = ready
        return ready

    def _put_together(self, organization: str, webhook: Webhook) -> _Ready:
        opened = [self._open(organization, each) for each in webhook.credentials]
        if not opened and webhook.authentication is Authentication.REQUIRED:
            raise CredentialFailure(
                "credential.disconnected", "the webhook demands a credential and none is linked to it"
            )
        keys = [key for each in opened if isinstance(each.proof, Signing) for key in each.proof.keys]
        fixed = [each.proof for each in opened if isinstance(each.proof, FixedHeader)]
        certificates = [each.proof.shown for each in opened if isinstance(each.proof, Certificate)]
        tokens = [each.token for each in opened if each.token is not None]
        twice = set_twice(webhook.headers, (each.spec for each in opened))
        if twice is not None:
            raise CredentialFailure(
                "credential.unusable", f"the webhook's credentials and headers set the {twice} more than once"
            )
        return _Ready(
            webhook,
            organization,
            tuple(each.resource for each in opened),
            tuple(keys),
            tuple((each.name, each.value) for each in fixed if each.name),
            next((each.key for each in fixed if each.key is not None), None),
            certificates[0] if certificates else None,
            tokens[0] if tokens else None,
            tuple(secret for each in opened for secret in _secrets_of(each.proof)),
        )

    def _open(self, organization: str, credential_id: str) -> _Opened:
        resource = self._configuration.credential(organization, credential_id)
        if resource is None or not isinstance(resource.spec, Credential):
            raise CredentialFailure("credential.missing", f"there is no credential {credential_id!r}")
        kept = self._opened.get((organization, credential_id))
        if kept is not None and kept.resource is resource:
            return kept
        if kept is not None and (kept.resource.spec, kept.resource.sealed) == (resource.spec, resource.sealed):
            # Read anew or written anew with nothing changed: its token is as good as before.
            opened = _Opened(resource, resource.spec, kept.proof, kept.token)
        else:
            belongs_to = config_key(Kind.CREDENTIAL, organization, credential_id)
            try:
                secrets = [self._sealer.open(each, belongs_to).decode() for each in resource.sealed]
            except SealingError as error:
                raise CredentialFailure("credential.unusable", f"credential {credential_id!r}: {error}") from None
            proof = proof_of(credential_id, resource.spec, secrets)
            token = TokenSource(proof, self._tokens, self._clock) if isinstance(proof, TokenGrant) else None
            opened = _Opened(resource, resource.spec, proof, token)
        if len(self._opened) >= _KEPT:
            self._opened.clear()
        self._opened[organization, credential_id] = opened
        return opened


def _with_token(ready: _Ready, headers: list[Header], token: str) -> Authorisation:
    headers += (*ready.headers, ("authorization", f"Bearer {token}"))
    return Authorisation(headers, ready.certificate, (*ready.secrets, token))


def _secrets_of(proof: Proof) -> tuple[str, ...]:
    return (proof.client_secret,) if isinstance(proof, TokenGrant) else proof.secrets
