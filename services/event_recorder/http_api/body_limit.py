"""A bound on request bodies, kept before anything reads them whole: bytes are counted as they come."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from shared.core.problem_documents import Problem, too_large

#: Bytes of the largest request: a thousand events by id and source, as long as both may be.
MAX_BODY_BYTES: Final = 2 * 1024 * 1024

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class BodyLimit:
    """An ASGI application around another. Raises Problem (413) to whoever reads too much."""

    def __init__(self, app: Application) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one request."""
        read = 0

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MAX_BODY_BYTES:
                raise _TOO_LARGE
            return message

        await self._app(scope, counted, send)


_TOO_LARGE: Final[Problem] = too_large("(body)", f"is larger than {MAX_BODY_BYTES} bytes", "send less in one request")
