"""The API key of a request, as a dependency of every guarded route. It is checked before a byte of the body is read."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.core.api_key import check_api_key

_bearer = HTTPBearer(auto_error=False, description="the API key")
_Sent = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def api_key_check(api_key: str) -> Callable[[_Sent], Awaitable[None]]:
    """A dependency that lets only holders of ``api_key`` pass."""

    async def check(sent: _Sent) -> None:
        check_api_key(None if sent is None else sent.credentials, api_key)

    return check
