"""Refusals over HTTP as RFC 9457 problem documents that name the field and the fix."""

from collections.abc import Iterable
from http import HTTPStatus

import orjson
from fastapi import Response

from shared.core.faults import Fault

CONTENT_TYPE = "application/problem+json"


class Problem(Exception):
    """Ends a request with a problem document."""

    def __init__(self, status: HTTPStatus, detail: str, faults: Iterable[Fault] = ()) -> None:
        self.status = status
        self.detail = detail
        self.faults = tuple(faults)
        super().__init__(detail)


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The answer that says it."""
    document = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "errors": [{"field": fault.field, "message": fault.message, "fix": fault.fix} for fault in problem.faults],
    }
    return Response(orjson.dumps(document), problem.status, headers, CONTENT_TYPE)
