"""Reading request bodies within bounds: so many bytes each, so many bytes in all, so long at most.

A body is counted from its first byte until its request is answered, so a thousand slow uploads cannot fill the memory;
beyond the bound requests are told to come back. Who sends too slowly is given up, or a few such senders would hold all
of the room for as long as they like.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from services.ingest.http_api.problems import too_slow, unavailable, unsupported_content_type
from shared.core.cloud_events import parse_json
from shared.core.faults import Fault, InvalidInput
from shared.core.problem_documents import invalid, malformed, too_large


class RequestBodies:
    """Counts what is held. Lives on one event loop."""

    def __init__(self, at_once: int, seconds: float) -> None:
        """``at_once``: bytes of all bodies together; ``seconds``: how long one may take to arrive."""
        self._at_once = at_once
        self._seconds = seconds
        self._held = 0

    def up_to(self, limit: int) -> Callable[[Request], AsyncIterator[bytes]]:
        """A dependency that gives the body, ``limit`` bytes at most."""

        async def body(request: Request) -> AsyncIterator[bytes]:
            async with self.read(request, limit) as whole:
                yield whole

        return body

    @asynccontextmanager
    async def read(self, request: Request, limit: int) -> AsyncIterator[bytes]:
        """The body, ``limit`` bytes at most, counted as long as the context is entered. Raises Problem."""
        chunks: list[bytes] = []
        size = 0
        try:
            _check(_announced(request), limit)
            try:
                async with asyncio.timeout(self._seconds):
                    async for chunk in request.stream():
                        size += len(chunk)
                        self._held += len(chunk)
                        _check(size, limit)
                        if self._held > self._at_once:
                            raise unavailable("Too many large requests are being worked on.")
                        chunks.append(chunk)
            except TimeoutError:
                raise too_slow(self._seconds) from None
            except ClientDisconnect:
                # Nobody is left to read this answer; it keeps a client's going from counting as a fault of ours.
                raise malformed([Fault("(body)", "ended before its announced length", "send all of it")]) from None
            whole = b"".join(chunks)
            # The parts would hold the same bytes once more.
            chunks.clear()
            yield whole
        finally:
            self._held -= size


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise too_large("(body)", f"larger than {limit} bytes", "send less at once")


def _announced(request: Request) -> int:
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal():
        raise malformed([Fault("Content-Length", "not a number", "leave it to your HTTP client")])
    return int(announced)


def media_type(request: Request) -> str:
    """The content type without its parameters, in lower case; empty when missing."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def json_object_of(request: Request, raw: bytes) -> dict[str, Any]:
    """The JSON object in a body. Raises Problem: 415, 400 or 422."""
    if media_type(request) not in ("application/json", ""):
        raise unsupported_content_type("send JSON with Content-Type: application/json")
    try:
        document = parse_json(raw)
    except InvalidInput as error:
        raise malformed(error.faults) from None
    if not isinstance(document, dict):
        raise invalid([Fault("(body)", "not a JSON object", "send one object")], "body")
    return document
