"""From a spec as somebody wrote it to a change the writer can judge, and back with the answer.

What must be checked before a request may wait in line is checked here: the spec's own form, whether a condition
compiles, whether a certificate and its key belong together. Secrets are drawn, split off and sealed here too, before it
is known whether the credential will be created or changed, because judging may happen several times and must give the
same answer. From here on a supplied secret exists sealed only, and as a question: is it the one that is sealed there?
"""

import asyncio
import base64
import hmac
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Protocol

from pydantic import ValidationError

from services.ingest.config_writer import TRY_SECONDS, Answer, Unavailable
from services.ingest.core.config_changes import (
    AddSecret,
    AnyVersion,
    Apply,
    Change,
    ChangeSecrets,
    Done,
    DrawnSecret,
    Effect,
    KeepNewestSecret,
    Put,
    Refusal,
    ResourceKey,
    SuppliedSecret,
)
from shared.adapters.clock import Clock
from shared.adapters.sealing import SealingError
from shared.core.faults import Fault, InvalidInput, faults_of
from shared.core.identifiers import IDENTIFIER_RULE, is_identifier
from shared.core.resources import (
    AnySpec,
    Credential,
    HmacCredential,
    Kind,
    MutualTlsCredential,
    Resource,
    read_spec,
)

#: Prefix and length of a Standard Webhooks secret, which asks for 24 to 64 random bytes.
_SECRET_PREFIX = "whsec_"
_SECRET_BYTES = 32


class Sealing(Protocol):
    """Sealing, as `shared.adapters.sealing` does it."""

    def seal(self, secret: bytes, belongs_to: bytes) -> str: ...

    def open(self, sealed: str, belongs_to: bytes) -> bytes:
        """Raises `shared.adapters.sealing.SealingError`."""

    def is_current(self, sealed: str) -> bool: ...


class Submitting(Protocol):
    """The writer's side that requests see."""

    def submit(self, change: Change) -> Future[Answer]: ...


class Refused(Exception):
    """The configuration stands against the request."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(type(refusal).__name__)
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Prepared:
    """A put and the secret its credential gets, should it be created; kept out of every representation."""

    put: Put
    secret: str | None

    def __repr__(self) -> str:
        return f"Prepared({self.put.key})"

    def secret_to_show(self, done: Done) -> str | None:
        """The secret, the one time it is shown."""
        return self.secret if done.effect is Effect.CREATED else None


class ConfigRequests:
    """Configuration of one organization. Lives on one event loop."""

    def __init__(
        self,
        *,
        organization: str,
        writer: Submitting,
        sealing: Sealing,
        check_expressions: Callable[[AnySpec], Iterable[Fault]],
        check_certificate: Callable[[str, str | None], Fault | None],
        clock: Clock,
    ) -> None:
        self.organization = organization
        self._writer = writer
        self._sealing = sealing
        self._check_expressions = check_expressions
        self._check_certificate = check_certificate
        self._clock = clock

    def key(self, kind: Kind, resource_id: str) -> ResourceKey:
        return ResourceKey(kind, self.organization, resource_id)

    def prepare(self, kind: Kind, resource_id: str, spec: object, field: str = "") -> Prepared:
        """Check a spec by itself. ``field`` is where it stood. Raises InvalidInput with every fault."""
        if not is_identifier(resource_id):
            raise InvalidInput([Fault("id", "not an identifier", f"use {IDENTIFIER_RULE}")])
        try:
            checked = read_spec(kind, spec)
        except ValidationError as error:
            raise InvalidInput(faults_of(error, field)) from None
        faults = [*self._check_expressions(checked), *self._faults_of_certificate(checked)]
        if faults:
            dot = "." if field else ""
            raise InvalidInput([replace(fault, field=f"{field}{dot}{fault.field}") for fault in faults])
        key = self.key(kind, resource_id)
        now_ms = self._clock()
        match checked:
            case HmacCredential():
                secret = _new_secret()
                return Prepared(Put(key, checked, now_ms, field, DrawnSecret(self.sealed(secret, key))), secret)
            case Credential(secret=supplied) if supplied is not None:
                bare = checked.without_secret()
                return Prepared(Put(key, bare, now_ms, field, self._supplied(supplied.get_secret_value(), key)), None)
            case _:
                return Prepared(Put(key, checked, now_ms, field), None)

    def _faults_of_certificate(self, spec: AnySpec) -> Iterator[Fault]:
        if isinstance(spec, MutualTlsCredential):
            key = None if spec.secret is None else spec.secret.get_secret_value()
            fault = self._check_certificate(spec.certificate, key)
            if fault is not None:
                yield fault

    def sealed(self, secret: str, key: ResourceKey) -> str:
        """``secret`` as it may stand on the topic, at ``key`` and nowhere else."""
        return self._sealing.seal(secret.encode(), key.encode())

    def opened(self, sealed: str, key: ResourceKey) -> bytes:
        """Raises SealingError."""
        return self._sealing.open(sealed, key.encode())

    def is_usable(self, credential: Resource | None) -> bool:
        """Whether a credential is there and all its secrets open."""
        if credential is None or not credential.sealed:
            return False
        key = self.key(Kind.CREDENTIAL, credential.id)
        try:
            return all(self.opened(each, key) for each in credential.sealed)
        except SealingError:
            return False

    def is_sealed_by_first_key(self, sealed: str) -> bool:
        return self._sealing.is_current(sealed)

    def rotation(self, credential_id: str, if_match: int | AnyVersion | None) -> tuple[ChangeSecrets, str]:
        """The change that adds a secret, and the secret."""
        key, secret = self.key(Kind.CREDENTIAL, credential_id), _new_secret()
        return ChangeSecrets(key, AddSecret(self.sealed(secret, key)), self._clock(), if_match), secret

    def retirement(self, credential_id: str, if_match: int | AnyVersion | None) -> ChangeSecrets:
        """The change after which only the newest secret signs."""
        return ChangeSecrets(self.key(Kind.CREDENTIAL, credential_id), KeepNewestSecret(), self._clock(), if_match)

    def _supplied(self, secret: str, key: ResourceKey) -> SuppliedSecret:
        def is_in(sealed: str) -> bool:
            try:
                return hmac.compare_digest(self.opened(sealed, key), secret.encode())
            except SealingError:
                return False  # what does not open any more is replaced by what does

        return SuppliedSecret(self.sealed(secret, key), is_in)

    async def write(self, change: Change) -> tuple[Done, ...]:
        """Have ``change`` written. Raises Refused or Unavailable."""
        answering = asyncio.wrap_future(self._writer.submit(change))
        try:
            # The writer keeps its own deadline; this one is for when a call to the brokers does not come back.
            answer = await asyncio.wait_for(answering, TRY_SECONDS + 1)
        except TimeoutError:
            raise Unavailable("the brokers do not answer") from None
        if isinstance(answer, tuple):
            return answer
        raise Refused(answer)

    async def catch_up(self) -> None:
        """Return once the table holds everything that was acknowledged before. Raises Unavailable."""
        await self.write(Apply(()))


def _new_secret() -> str:
    """A fresh secret that signs."""
    return _SECRET_PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()
