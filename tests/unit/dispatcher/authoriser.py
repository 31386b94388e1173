"""An authoriser with one signing secret and, if a test wants, a token to fetch or a failure."""

from __future__ import annotations

from services.dispatcher.core.authorisation import Authorisation, CredentialFailure
from services.dispatcher.core.signing import signed_headers, signing_key
from shared.core.resources import Webhook

SECRET = "whsec_" + "QUFB" * 8
KEY = "k-1234567890"
TOKEN = "t-1234567890"


class Authoriser:
    """``must_fetch``: nothing is ready until a token was fetched."""

    def __init__(self, failure: str | None = None, *, must_fetch: bool = False) -> None:
        self._failure = failure
        self._must_fetch = must_fetch
        self.fetches: list[float] = []
        self.refusals: list[Authorisation] = []

    def ready(
        self, organization: str, webhook: Webhook, webhook_id: str, timestamp_seconds: int, body: bytes
    ) -> Authorisation | None:
        if self._failure is not None:
            raise CredentialFailure(self._failure, "as the test says")
        if self._must_fetch:
            return None
        return Authorisation(
            signed_headers(webhook_id, timestamp_seconds, body, [signing_key(SECRET)]), None, (SECRET,)
        )

    async def fetched(
        self,
        organization: str,
        webhook: Webhook,
        webhook_id: str,
        timestamp_seconds: int,
        body: bytes,
        timeout_seconds: float,
    ) -> Authorisation:
        self.fetches.append(timeout_seconds)
        return Authorisation([("authorization", f"Bearer {TOKEN}")], None, (TOKEN,))

    def key(self, organization: str, webhook: Webhook) -> str | None:
        return KEY

    def refused(self, organization: str, webhook: Webhook, authorisation: Authorisation) -> None:
        self.refusals.append(authorisation)
