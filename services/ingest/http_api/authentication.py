"""The API key of a request: a dependency of every guarded route, and a call for one that has none (`direct_route`). It
is checked before a byte of the body is read."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.core.api_key import check_api_key

_bearer = HTTPBearer(auto_error=False, description="the API key")
#: How an operation is described that needs the key and does not say so by a dependency.
NEEDS_API_KEY = [{_bearer.scheme_name: list[str]()}]
_Sent = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def api_key_check(api_key: str) -> Callable[[_Sent], Awaitable[None]]:
    """A dependency that lets only holders of ``api_key`` pass."""

    async def check(sent: _Sent) -> None:
        _check(sent, api_key)

    return check


async def check_request(request: Request, api_key: str) -> None:
    """The same, called. Raises Problem (401)."""
    _check(await _bearer(request), api_key)


def _check(sent: HTTPAuthorizationCredentials | None, api_key: str) -> None:
    check_api_key(None if sent is None else sent.credentials, api_key)
