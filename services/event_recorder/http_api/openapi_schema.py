"""What ``/v1/recorder/openapi.json`` says beside the routes: the problem document, and which problems there are."""

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from shared.core.faults import Fault
from shared.core.problem_documents import (
    MEDIA_TYPE,
    SCHEMA,
    Problem,
    internal,
    invalid,
    malformed,
    not_found,
    too_large,
    unauthorized,
    unavailable,
)

DESCRIPTION: Final = (
    "What happened, and what to do about it. Errors are problem documents (RFC 9457). Listings give `items`, newest "
    "first, and `next`, the cursor of the following page or null; rows that arrive meanwhile neither repeat nor hide "
    "others. Times are RFC 3339."
)


def problem_answer(description: str, example: Problem, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    """One answer of an operation: a problem document."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "example": example.document()}}
    return {"description": description, "content": content} | ({"headers": headers} if headers else {})


_RETRY_AFTER: Final = {
    "Retry-After": {
        "description": "seconds after which to send the same again",
        "schema": {"type": "integer", "minimum": 1},
    }
}
_NOT_JSON: Final = Fault("(body)", "is not JSON", "send a JSON document")
_FAULT: Final = Fault("limit", "Input should be less than or equal to 200", "send a whole number from 1 to 200")
#: What every operation may answer besides success.
PROBLEM_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    401: problem_answer("no API key that is known here", unauthorized("missing", "send Authorization: Bearer …")),
    404: problem_answer("nothing there, or not in this organization", not_found("run with this id")),
    422: problem_answer("a parameter or field that cannot be used", invalid([_FAULT], "request")),
    500: problem_answer("a fault of this server", internal()),
    503: problem_answer("the database is unavailable", unavailable("The database is unavailable.", 5), _RETRY_AFTER),
}
#: What operations that take a body may answer besides.
_BODY_RESPONSES: Final = {
    "400": problem_answer("a body that is not JSON", malformed([_NOT_JSON])),
    "413": problem_answer("a body beyond the limit", too_large("(body)", "is too large", "send less in one request")),
}


def install(app: FastAPI) -> None:
    """Make ``app`` describe itself with the problem document that its responses refer to."""

    def describe() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = SCHEMA
            for operation in (each for methods in document["paths"].values() for each in methods.values()):
                if "requestBody" in operation:
                    operation["responses"] |= _BODY_RESPONSES
            # FastAPI's own form of a refusal, which never leaves this server.
            for unused in ("HTTPValidationError", "ValidationError"):
                schemas.pop(unused, None)
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = describe  # type: ignore[method-assign]
