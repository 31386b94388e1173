"""The gateway's own answers when it cannot pass a request on: RFC 9457 problem documents, like everybody else's."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus

import orjson

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response."""

    status: int
    headers: Headers
    body: bytes


def problem(status: HTTPStatus, detail: str, *more: tuple[bytes, bytes]) -> Answer:
    """A problem document with what to do in ``detail``."""
    document = {"type": "about:blank", "title": status.phrase, "status": int(status), "detail": detail}
    return Answer(status, [(b"content-type", b"application/problem+json"), *more], orjson.dumps(document))


def nothing_here(path: str) -> Answer:
    """404 for a path of nobody."""
    return problem(HTTPStatus.NOT_FOUND, f"there is nothing at {path[:200]}; see / for what there is")


def too_large(limit_bytes: int) -> Answer:
    """413 before a service is bothered."""
    return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is larger than {limit_bytes} bytes; split it")


def away(service: str) -> Answer:
    """503 when no process of a service takes a connection: nothing was sent, so repeating is safe."""
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{service} is not running right now; nothing was sent to it, try again in a second",
        (b"retry-after", b"1"),
    )


def lost(service: str) -> Answer:
    """502 when the connection broke after the request was sent."""
    return problem(
        HTTPStatus.BAD_GATEWAY,
        f"{service} took the request and its answer was lost; it may have been carried out. "
        "Events can be sent again: a repeated source and id makes no second run",
    )
