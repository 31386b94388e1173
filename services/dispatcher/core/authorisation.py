"""How opened secrets become what a request carries: headers, signing keys, a client certificate.

Pure: a credential and its secrets in, its *proof* out. A proof is made once per version of its credential and used for
every request until that changes, so whatever can be worked out beforehand is worked out here: an HMAC key is decoded, a
header is put together. What is left for a request is to sign it (`services.dispatcher.core.signing`) and to fetch a
token where one is due (`services.dispatcher.oauth_tokens`).

Every proof knows its secrets as the texts in which they may show up somewhere (a receiver's echo, say), because what is
recorded of an exchange must not hold them.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from services.dispatcher.core.exchange import ClientCertificate, Header
from services.dispatcher.core.signing import SECRET_PREFIX, signing_key
from shared.core.resources import (
    AnyCredential,
    ApiKeyCredential,
    BasicCredential,
    HmacCredential,
    MutualTlsCredential,
    OAuth2ClientCredentials,
)


class CredentialFailure(Exception):
    """A request cannot be authorised. ``code`` is one that `services.dispatcher.core.classification` explains;
    ``detail`` says what in particular, and holds no secret."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


class Authorisation(NamedTuple):
    """What one request carries. ``secrets`` are the texts that must not be recorded.

    A tuple, because one is made for every delivery.
    """

    headers: Sequence[Header]
    client_certificate: ClientCertificate | None = None
    secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Authorisation({[name for name, _ in self.headers]})"


@dataclass(frozen=True, slots=True)
class Signing:
    """HMAC keys, newest first."""

    keys: tuple[bytes, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FixedHeader:
    """One header, the same for every request; with an empty name none. ``key`` is what a template may use."""

    name: str
    value: str = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    """A client certificate."""

    shown: ClientCertificate
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenGrant:
    """What access tokens are asked for with."""

    asked: OAuth2ClientCredentials
    client_secret: str = field(repr=False)


Proof = Signing | FixedHeader | Certificate | TokenGrant


def proof_of(credential_id: str, credential: AnyCredential, secrets: Sequence[str]) -> Proof:
    """``secrets``: newest first. Raises CredentialFailure when they are not what this kind needs."""
    if not secrets:
        raise CredentialFailure("credential.unusable", f"credential {credential_id!r} holds no secret")
    newest = secrets[0]
    match credential:
        case HmacCredential():
            try:
                keys = tuple(signing_key(each) for each in secrets)
            except ValueError:
                raise CredentialFailure(
                    "credential.unusable", f"a secret of credential {credential_id!r} is not base64"
                ) from None
            return Signing(keys, (*secrets, *(each.removeprefix(SECRET_PREFIX) for each in secrets)))
        case BasicCredential(username=username):
            pair = base64.b64encode(f"{username}:{newest}".encode()).decode()
            return FixedHeader("authorization", f"Basic {pair}", (newest, pair))
        case ApiKeyCredential(header=header, prefix=prefix):
            return FixedHeader(header, f"{prefix}{newest}", (newest,), key=newest)
        case OAuth2ClientCredentials():
            return TokenGrant(credential, newest)
        case MutualTlsCredential(certificate=certificate):
            # A key belongs to its certificate, so that one tells the versions apart.
            version = sha256(certificate.encode()).hexdigest()
            return Certificate(ClientCertificate(f"{credential_id}/{version}", certificate, newest), (newest,))
