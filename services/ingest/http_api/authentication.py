"""Who is asking: one static API key, which stands for one organization.

Checked before a byte of the body is read. The comparison takes the same time whatever was sent.
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.core.problem_documents import unauthorized

_bearer = HTTPBearer(auto_error=False, description="the API key")
_Sent = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def api_key_check(api_key: str) -> Callable[[_Sent], Awaitable[None]]:
    """A dependency that lets only holders of ``api_key`` pass."""
    expected = api_key.encode()

    async def check(sent: _Sent) -> None:
        if sent is None:
            raise unauthorized("missing", "send Authorization: Bearer followed by the API key")
        if not hmac.compare_digest(sent.credentials.encode(), expected):
            raise unauthorized("not a valid API key", "use the key of your organization")

    return check
