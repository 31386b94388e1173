"""Access tokens: fetched once for all who wait, used until shortly before they expire, then renewed beside the traffic.

A `TokenSource` belongs to one version of one credential and lives on one event loop.

- *Single flight.* However many deliveries need a token, one request is under way; all get its token or its failure. One
  who stops waiting does not end it for the others.
- *Early renewal.* In the last fifth of a token's life (a minute at most) the next use starts a request for the next
  one and goes on with the old. In its last tenth (ten seconds at most) it counts as expired, because it must still be
  good when it arrives, by another machine's clock. A token whose end is not told is used until a receiver refuses it.
- *A refused token is dropped*: servers revoke tokens and forget them. Only the very token that was refused goes;
  another delivery may have brought a new one already.
- *Bounded asking.* Two requests begin a second apart at least. A receiver that refuses every token would else turn each
  of its deliveries into a request to a server that others depend on as well.

Requests go through the client that posts to webhooks, so that its guards hold here too.
"""

import asyncio
import logging
from typing import Protocol

from services.dispatcher.core.authorisation import CredentialFailure, TokenGrant
from services.dispatcher.core.exchange import Request, Result
from services.dispatcher.core.token_exchange import read_token, token_request
from shared.adapters import metrics
from shared.adapters.clock import Clock
from shared.adapters.json_logs import log

#: Longest wait for an answer of a token endpoint, in seconds.
REQUEST_SECONDS = 10.0
#: Between the beginnings of two requests for one credential, in milliseconds.
APART_MS = 1_000
_RENEW_FRACTION, _RENEW_MS = 0.2, 60_000.0
_EXPIRED_FRACTION, _EXPIRED_MS = 0.1, 10_000.0
_USER_AGENT = "Hookfleet"
_FOR_EVER = float("inf")

_logger = logging.getLogger("hookfleet.oauth_tokens")


class TokenClient(Protocol):
    """Whatever performs requests; `services.dispatcher.http_client` does."""

    async def send(self, request: Request) -> Result: ...


class TokenSource:
    """The access token of one credential version. Lives on one event loop."""

    def __init__(self, grant: TokenGrant, client: TokenClient, clock: Clock) -> None:
        self.grant = grant
        self._client = client
        self._clock = clock
        self._token: str | None = None
        self._renew_ms = self._expired_ms = 0.0
        self._began_ms = -APART_MS
        self._flight: asyncio.Task[str | CredentialFailure] | None = None

    def current(self) -> str | None:
        """A token to use now; null when one must be fetched first."""
        now_ms = self._clock()
        if self._token is None or now_ms >= self._expired_ms:
            return None
        if now_ms >= self._renew_ms and self._flight is None and now_ms - self._began_ms >= APART_MS:
            self._begin()
        return self._token

    async def fetched(self, timeout_seconds: float) -> str:
        """A token, waited for. Raises CredentialFailure."""
        token = self.current()
        if token is not None:
            return token
        flight = self._flight or self._begin()
        try:
            async with asyncio.timeout(timeout_seconds):
                outcome = await asyncio.shield(flight)
        except TimeoutError:
            raise CredentialFailure(
                "token.unreachable", f"no token came within the integration's {timeout_seconds:g} s"
            ) from None
        if isinstance(outcome, CredentialFailure):
            raise CredentialFailure(outcome.code, outcome.detail)
        return outcome

    def drop(self, token: str) -> None:
        """Forget ``token``, which a receiver refused."""
        if self._token == token:
            self._token = None

    def _begin(self) -> asyncio.Task[str | CredentialFailure]:
        self._flight = asyncio.get_running_loop().create_task(self._fly())
        self._flight.add_done_callback(self._landed)
        return self._flight

    def _landed(self, _: object) -> None:
        self._flight = None

    async def _fly(self) -> str | CredentialFailure:
        pause_ms = APART_MS - (self._clock() - self._began_ms)
        if pause_ms > 0:
            await asyncio.sleep(pause_ms / 1000)
        self._began_ms = self._clock()
        result = await self._client.send(token_request(self.grant, _USER_AGENT, REQUEST_SECONDS))
        try:
            token, seconds = read_token(self.grant, result)
        except CredentialFailure as failure:
            metrics.TOKEN_REQUESTS.labels(failure.code).inc()
            # Nobody else says so while the old token is still good.
            log(_logger, logging.WARNING, "token_not_fetched", code=failure.code, detail=failure.detail)
            return failure
        metrics.TOKEN_REQUESTS.labels("granted").inc()
        life_ms = _FOR_EVER if seconds is None else seconds * 1000
        self._token = token
        # Counted from before it was asked for: its life began somewhere in between.
        self._renew_ms = self._began_ms + life_ms - min(life_ms * _RENEW_FRACTION, _RENEW_MS)
        self._expired_ms = self._began_ms + life_ms - min(life_ms * _EXPIRED_FRACTION, _EXPIRED_MS)
        return token
