"""What every HTTP API of the fleet says when it refuses: one vocabulary of RFC 9457 problem documents.

A problem names the field and the fix and never repeats a refused value, which may be a secret. Its type,
``urn:hookfleet:problem:<kind>``, is a constant that programs may test; titles and details are for people. Kinds that
several services need stand here, so that the same refusal reads the same whoever answers.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.core.faults import Fault

MEDIA_TYPE: Final = "application/problem+json"
#: JSON Schema of `Problem.document`, for the OpenAPI documents.
SCHEMA: Final = {
    "type": "object",
    "description": "A problem document (RFC 9457). Its type is a constant that programs may test.",
    "required": ["type", "title", "status", "detail", "errors"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "format": "uri", "pattern": "^urn:hookfleet:problem:[a-z-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message", "fix"],
                "additionalProperties": False,
                "properties": {name: {"type": "string"} for name in ("field", "message", "fix")},
            },
        },
    },
}


class Problem(Exception):
    """A refused request. ``status`` is the HTTP status, ``kind`` the last part of the problem type."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str,
        *,
        faults: Sequence[Fault] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = int(status)
        self.kind = kind
        self.title = title
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})

    def document(self) -> dict[str, object]:
        """The body of the answer."""
        return {
            "type": f"urn:hookfleet:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "errors": [{"field": fault.field, "message": fault.message, "fix": fault.fix} for fault in self.faults],
        }


def malformed(faults: Sequence[Fault]) -> Problem:
    """400: not even JSON."""
    return Problem(
        400,
        "malformed",
        "The request cannot be read",
        "Its body or headers are not what their content type says.",
        faults=faults,
    )


def unauthorized(message: str, fix: str) -> Problem:
    """401: nobody we know."""
    return Problem(
        401,
        "unauthorized",
        "An API key is needed",
        "The request carries no API key that is known here.",
        faults=[Fault("Authorization", message, fix)],
        headers={"WWW-Authenticate": "Bearer"},
    )


def not_found(what: str) -> Problem:
    """404: nothing there, or not in this organization, which is the same."""
    return Problem(404, "not-found", "There is no such resource", f"There is no {what} in this organization.")


def conflict(title: str, detail: str, faults: Sequence[Fault] = ()) -> Problem:
    """409: possible, but not in the state that things are in."""
    return Problem(409, "conflict", title, detail, faults=faults)


def too_large(field: str, message: str, fix: str) -> Problem:
    """413: beyond a limit of ours."""
    return Problem(
        413,
        "too-large",
        "The request is too large",
        "It is beyond a limit of this server.",
        faults=[Fault(field, message, fix)],
    )


def invalid(faults: Sequence[Fault], what: str) -> Problem:
    """422: understood, and wrong."""
    found = "There is one fault" if len(faults) == 1 else f"There are {len(faults)} faults"
    return Problem(422, "invalid", f"The {what} is not valid", f"{found}, listed under errors.", faults=faults)


def internal() -> Problem:
    """500: ours."""
    return Problem(
        500,
        "internal",
        "A fault of this server",
        "Nothing is known to be wrong with the request; the fault is in the server's log.",
    )


def unavailable(detail: str, retry_after_seconds: int) -> Problem:
    """503: not our client's fault and not for long."""
    return Problem(
        503, "unavailable", "Not possible right now", detail, headers={"Retry-After": str(retry_after_seconds)}
    )


def of_status(status: int, phrase: str, description: str, headers: Mapping[str, str] | None) -> Problem:
    """What a router says by itself, such as 405; its kind is the status's phrase."""
    return Problem(status, phrase.lower().replace(" ", "-"), phrase, description, headers=headers)
