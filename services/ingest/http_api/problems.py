"""Errors as HTTP says them: RFC 9457 problem documents that name the field and the fix.

Whatever goes wrong in a request leaves through here, also what FastAPI and the router refuse by themselves, so a client
needs one way to read an error. What every service may say stands in `shared.core.problem_documents`; here is what only
ingest does.
"""

import logging
from http import HTTPStatus
from typing import Final

import orjson
from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException

from services.ingest.core.config_changes import (
    Invalid,
    NotFound,
    Refusal,
    StillReferenced,
    VersionNeeded,
    VersionStale,
)
from shared.core import problem_documents
from shared.core.faults import Fault
from shared.core.problem_documents import MEDIA_TYPE, Problem, internal, invalid, not_found, of_status

#: Seconds after which a client may come back; a write that lost against others is worth another try at once.
_RETRY_AFTER_SECONDS: Final = 1
#: Users of a resource that are named when it cannot be deleted.
_NAMED_USERS: Final = 10

_logger = logging.getLogger("hookfleet.http_api")


def problem_response(problem: Problem) -> Response:
    """The answer that says it."""
    return Response(orjson.dumps(problem.document()), problem.status, problem.headers, MEDIA_TYPE)


def unsupported_content_type(fix: str) -> Problem:
    """415: in a form we do not read."""
    return Problem(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "content-type",
        "The content type is not supported",
        "The body was not read, because its Content-Type is missing or unknown here.",
        faults=[Fault("Content-Type", "missing or not supported", fix)],
    )


def over_quota(organization: str, per_second: int, wait_ms: int) -> Problem:
    """429: more than the organization may send; nothing of the request was taken."""
    seconds = -(-wait_ms // 1000)
    fix = f"send it again after {seconds} s, send less often, or ask for HOOKFLEET_QUOTA_EVENTS_PER_SECOND to be raised"
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "over-quota",
        "The quota of events is used up",
        f"Organization {organization} may send {per_second} events per second to this server. No event of this request "
        "was accepted.",
        faults=[Fault("(request)", f"beyond {per_second} events per second", fix)],
        headers={"Retry-After": str(seconds)},
    )


def too_slow(seconds: float) -> Problem:
    """408: its body did not come. The connection ends too, since nobody will read the rest."""
    fault = Fault("(body)", f"not here after {seconds:.0f} s", "send less at once, or over a faster connection")
    return Problem(
        HTTPStatus.REQUEST_TIMEOUT,
        "too-slow",
        "The body came too slowly",
        "It was given up, because room for bodies is shared. Sending the same again is safe.",
        faults=[fault],
        headers={"Connection": "close"},
    )


def unavailable(detail: str) -> Problem:
    """503: not our client's fault and not for long."""
    return problem_documents.unavailable(detail, _RETRY_AFTER_SECONDS)


def refused(refusal: Refusal) -> Problem:
    """The problem document of a refused configuration change."""
    match refusal:
        case Invalid(faults):
            return invalid(faults, "configuration")
        case NotFound(key):
            return not_found(str(key))
        case VersionNeeded(key, current):
            fault = Fault("If-Match", "missing", f'send If-Match: "{current}" if that is the version you have seen')
            return Problem(
                HTTPStatus.PRECONDITION_REQUIRED,
                "version-needed",
                "An update must carry the version it replaces",
                f"The {key} exists in version {current} and differs from what was sent.",
                faults=[fault],
                headers={"ETag": f'"{current}"'},
            )
        case VersionStale(key, None):
            fault = Fault("If-Match", "names a version", "leave it out to create the resource")
            return Problem(
                HTTPStatus.PRECONDITION_FAILED,
                "version-stale",
                "The resource has changed",
                f"There is no {key} any more.",
                faults=[fault],
            )
        case VersionStale(key, current):
            fault = Fault("If-Match", f"the current version is {current}", "read it again, then update that version")
            return Problem(
                HTTPStatus.PRECONDITION_FAILED,
                "version-stale",
                "The resource has changed",
                f"The current version of the {key} is {current}.",
                faults=[fault],
                headers={"ETag": f'"{current}"'},
            )
        case StillReferenced(key, by):
            named = ", ".join(str(user) for user in by[:_NAMED_USERS])
            more = f" and {len(by) - _NAMED_USERS} more" if len(by) > _NAMED_USERS else ""
            return Problem(
                HTTPStatus.CONFLICT,
                "still-referenced",
                "The resource is in use",
                f"The {key} is still used by {named}{more}; delete or change these first.",
            )


async def _on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error)


async def _on_http_exception(_: Request, error: Exception) -> Response:
    """What the router says by itself: no such path, no such method."""
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    return problem_response(of_status(status, status.phrase, status.description or status.phrase, error.headers))


async def _on_crash(request: Request, error: Exception) -> Response:
    _logger.error("request_crashed", exc_info=error, extra={"fields": {"path": request.url.path}})
    return problem_response(internal())


def install(app: FastAPI) -> None:
    """Make every error of ``app`` a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(Exception, _on_crash)
