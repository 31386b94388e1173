"""Everything that goes wrong in a request leaves as a problem document: what a route refuses, what FastAPI and the
router refuse by themselves, a database that is away, and faults of our own."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from services.event_recorder.database import unavailable as database_unavailable
from services.event_recorder.http_api.listing_parameters import FIXES, Refused
from shared.adapters.json_logs import log
from shared.core import problem_documents
from shared.core.faults import Fault, InvalidInput
from shared.core.problem_documents import MEDIA_TYPE, Problem, internal, invalid, malformed, of_status

#: Seconds after which a client may come back; the recorder itself tries the database at least as often.
RETRY_AFTER_SECONDS: Final = 5
#: Where a fault is that is in no field.
_WHOLE: Final = "(whole)"
_NOT_JSON: Final = malformed([Fault("(body)", "is not JSON", "send a JSON document in UTF-8")])
_logger = logging.getLogger("hookfleet.recorder.http")


def problem_response(problem: Problem) -> Response:
    """The answer that says it."""
    return Response(orjson.dumps(problem.document()), problem.status, problem.headers, MEDIA_TYPE)


def unavailable(detail: str) -> Problem:
    """503: not our client's fault and not for long."""
    return problem_documents.unavailable(detail, RETRY_AFTER_SECONDS)


async def _on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error)


async def _on_refused_parameters(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if any(each["type"] == "json_invalid" for each in error.errors()):
        return problem_response(_NOT_JSON)
    return problem_response(invalid(_faults_of_request(error.errors()), "request"))


async def _on_invalid_input(_: Request, error: Exception) -> Response:
    assert isinstance(error, InvalidInput)
    return problem_response(invalid(error.faults, "request"))


async def _on_http_exception(_: Request, error: Exception) -> Response:
    """What the router says by itself: no such path, no such method; and what FastAPI makes of a body that ended in an
    exception, which may be a refusal of ours."""
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, Problem):
        return problem_response(error.__cause__)
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.BAD_REQUEST:
        return problem_response(_NOT_JSON)
    return problem_response(of_status(status, status.phrase, status.description or status.phrase, error.headers))


async def _on_database(request: Request, error: Exception) -> Response:
    """The database is away, or too slow for this question; what it says stays in our log."""
    assert isinstance(error, SQLAlchemyError)
    said = str(database_unavailable(error))
    log(_logger, logging.WARNING, "query_failed", path=request.url.path, error=said)
    return problem_response(unavailable("The database is unavailable; the same request can be sent again soon."))


async def _on_crash(request: Request, error: Exception) -> Response:
    _logger.error("request_crashed", exc_info=error, extra={"fields": {"path": request.url.path}})
    return problem_response(internal())


def install(app: FastAPI) -> None:
    """Make every error of ``app`` a problem document."""
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(RequestValidationError, _on_refused_parameters)
    app.add_exception_handler(InvalidInput, _on_invalid_input)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(SQLAlchemyError, _on_database)
    app.add_exception_handler(Exception, _on_crash)


def _faults_of_request(errors: Iterable[Any]) -> list[Fault]:
    """FastAPI's errors as ours, without the refused values."""
    faults = []
    for error in errors:
        field = _path(error["loc"][1:])
        message = error["msg"].removeprefix("Value error, ")
        match error["type"]:
            case "extra_forbidden":
                faults.append(Fault(field, "is not known here", "remove it or correct its name"))
            case "missing":
                faults.append(Fault(field, message, "add this field"))
            case "model_attributes_type" if field == _WHOLE:
                faults.append(Fault("(body)", "is not a JSON object", "send one, with Content-Type: application/json"))
            case "enum" | "literal_error":
                faults.append(Fault(field, "is none of the values known here", f"send {error['ctx']['expected']}"))
            case _:
                faults.append(Fault(field, message, _fix_of(field, error.get("ctx", {}).get("error"))))
    return faults


def _fix_of(field: str, refusal: object) -> str:
    return refusal.fix if isinstance(refusal, Refused) else FIXES.get(field, "correct this value")


def _path(location: Iterable[object]) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f"{'.' if path else ''}{part}"
    return path or _WHOLE
