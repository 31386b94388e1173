"""The gateway's own answers when it cannot pass a request on: problem documents like everybody else's."""

from __future__ import annotations

from dataclasses import dataclass

import orjson

from shared.core import problem_documents
from shared.core.problem_documents import MEDIA_TYPE, Problem

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole response."""

    status: int
    headers: Headers
    body: bytes


def nothing_here(path: str) -> Answer:
    """404 for a path of nobody."""
    detail = f"there is nothing at {path[:200]}; see / for what there is"
    return _answer(problem_documents.of_status(404, "Not Found", detail, None))


def too_large(limit_bytes: int) -> Answer:
    """413 before a service is bothered."""
    return _answer(problem_documents.too_large("(body)", f"is larger than {limit_bytes} bytes", "split it"))


def away(service: str) -> Answer:
    """503 when no process of a service takes a connection: nothing was sent, so repeating is safe."""
    detail = f"{service} is not running right now; nothing was sent to it, try again in a second"
    return _answer(problem_documents.unavailable(detail, 1))


def lost(service: str) -> Answer:
    """502 when the connection broke after the request was sent."""
    detail = (
        f"{service} took the request and its answer was lost; it may have been carried out. "
        "Events can be sent again: a repeated source and id makes no second run"
    )
    return _answer(problem_documents.of_status(502, "Bad Gateway", detail, None))


def _answer(problem: Problem) -> Answer:
    headers = [(b"content-type", MEDIA_TYPE.encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in problem.headers.items()]
    return Answer(problem.status, headers, orjson.dumps(problem.document()))
