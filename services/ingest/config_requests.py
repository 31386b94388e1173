"""From a spec as somebody wrote it to a change the writer can judge, and back with the answer.

What must be checked before a request may wait in line is checked here: the spec's own form and whether a condition
compiles. Secrets are drawn and sealed here too, before it is known whether the credential will be created, because
judging may happen several times and must give the same answer.
"""

import asyncio
import base64
import os
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import Protocol

from pydantic import ValidationError

from services.ingest.config_writer import TRY_SECONDS, Answer, Unavailable
from services.ingest.core.config_changes import Apply, Change, Done, Effect, Put, Refusal, ResourceKey
from shared.adapters.clock import Clock
from shared.core.faults import Fault, InvalidInput, faults_of
from shared.core.identifiers import IDENTIFIER_RULE, is_identifier
from shared.core.resources import SPEC_OF, AnySpec, Credential, Kind, NotificationRule

#: Prefix and length of a Standard Webhooks secret, which asks for 24 to 64 random bytes.
_SECRET_PREFIX = "whsec_"
_SECRET_BYTES = 32


class Sealing(Protocol):
    """Sealing, as `shared.adapters.sealing` does it."""

    def seal(self, secret: bytes, belongs_to: bytes) -> str: ...


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
        check_condition: Callable[[str], Fault | None],
        clock: Clock,
    ) -> None:
        self.organization = organization
        self._writer = writer
        self._sealing = sealing
        self._check_condition = check_condition
        self._clock = clock

    def key(self, kind: Kind, resource_id: str) -> ResourceKey:
        return ResourceKey(kind, self.organization, resource_id)

    def prepare(self, kind: Kind, resource_id: str, spec: object, field: str = "") -> Prepared:
        """Check a spec by itself. ``field`` is where it stood. Raises InvalidInput with every fault."""
        if not is_identifier(resource_id):
            raise InvalidInput([Fault("id", "not an identifier", f"use {IDENTIFIER_RULE}")])
        try:
            checked: AnySpec = SPEC_OF[kind].model_validate(spec)
        except ValidationError as error:
            raise InvalidInput(faults_of(error, field)) from None
        if isinstance(checked, NotificationRule) and checked.condition is not None:
            fault = self._check_condition(checked.condition)
            if fault is not None:
                raise InvalidInput([replace(fault, field=f"{field}{'.' if field else ''}condition")])
        key = self.key(kind, resource_id)
        secret = _new_secret() if isinstance(checked, Credential) else None
        sealed = None if secret is None else self._sealing.seal(secret.encode(), key.encode())
        return Prepared(Put(key, checked, self._clock(), field, sealed), secret)

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
    return _SECRET_PREFIX + base64.b64encode(os.urandom(_SECRET_BYTES)).decode()
