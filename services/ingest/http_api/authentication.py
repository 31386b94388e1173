"""Who is asking: one static API key, which stands for one organization.

Checked before a byte of the body is read. The comparison takes the same time whatever was sent.
"""

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from services.ingest.http_api.problems import Problem
from shared.core.faults import Fault

_bearer = HTTPBearer(auto_error=False, description="the API key")
_Sent = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def api_key_check(api_key: str) -> Callable[[_Sent], Awaitable[None]]:
    """A dependency that lets only holders of ``api_key`` pass."""
    expected = api_key.encode()

    async def check(sent: _Sent) -> None:
        if sent is None:
            raise _unauthorized("missing", "send Authorization: Bearer followed by the API key")
        if not hmac.compare_digest(sent.credentials.encode(), expected):
            raise _unauthorized("not a valid API key", "use the key of your organization")

    return check


def _unauthorized(message: str, fix: str) -> Problem:
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        "unauthorized",
        "An API key is needed",
        "The request carries no API key that is known here.",
        faults=[Fault("Authorization", message, fix)],
        headers={"WWW-Authenticate": "Bearer"},
    )
