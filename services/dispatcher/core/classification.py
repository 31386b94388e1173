"""From what came of a request to what it means: success, a failure worth repeating, or a final one.

The rows of `services.dispatcher.core.failures` say what each failure means; here is decided which row applies. A
receiver's answer that is not 2xx and every network failure is worth repeating, 410 Gone excepted; what fails before the
wire is final at once, unless a network was to blame. Redirects are answers like any other: following one would send a
signed body somewhere unchecked. An integration's own test of the answer, where it has one, comes before the status.
"""

from dataclasses import dataclass

from services.dispatcher.core.exchange import Answer, CannotSend, NetworkFailure, Result
from services.dispatcher.core.failures import FAILURES, Failure, failure_of_status
from services.dispatcher.core.window import Sign
from shared.core.messages.integration_events import ErrorDetail, RunStatus


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A 2xx answer, or one that the integration's own test calls a success."""


@dataclass(frozen=True, slots=True)
class Failed:
    """``event_type`` and ``status`` are the run's, should this attempt be its last. ``final``: do not repeat.
    ``gone``: the receiver asks never to be called again."""

    error: ErrorDetail
    event_type: str
    status: RunStatus
    final: bool = False
    gone: bool = False


Verdict = Succeeded | Failed

_SUCCEEDED = Succeeded()
_GONE = 410


def classify(result: Result, success: bool | str | None = None) -> Verdict:
    """What ``result`` means. ``success`` is what the integration's own test says of an answer: whether it is a success,
    or why it is none; null where there is no such test."""
    match result:
        case Answer(status=status):
            if success is True or (success is None and 200 <= status < 300):
                return _SUCCEEDED
            if 200 <= status < 300:
                return _failed("success.false", success or None)
            row = failure_of_status(status)
            cause = row.cause.format(status=status)
            return _verdict(row, f"http.{status}", cause, None, gone=status == _GONE)
        case NetworkFailure(code=code, detail=detail) | CannotSend(code=code, detail=detail):
            return _failed(code, detail)


#: Statuses by which servers, and proxies before them, say that they cannot keep up.
_TROUBLED_STATUSES = frozenset({429, 502, 503, 504})


def sign_of(result: Result) -> Sign:
    """What ``result`` says about the receiver's strength: a refusal or an error of its own is an answer too."""
    match result:
        case Answer(status=status):
            return Sign.TROUBLED if status in _TROUBLED_STATUSES else Sign.ANSWERED
        case NetworkFailure():
            return Sign.TROUBLED
        case CannotSend():
            return Sign.NOT_ASKED


def error_of(code: str, detail: str | None = None) -> ErrorDetail:
    """The error of one of our own codes. Raises KeyError when ``code`` has no row."""
    row = FAILURES[code]
    return ErrorDetail(code=code, origin=row.origin, cause=row.cause, remedy=row.remedy, detail=detail)


def _failed(code: str, detail: str | None) -> Failed:
    row = FAILURES[code]
    return _verdict(row, code, row.cause, detail)


def _verdict(row: Failure, code: str, cause: str, detail: str | None, *, gone: bool = False) -> Failed:
    error = ErrorDetail(code=code, origin=row.origin, cause=cause, remedy=row.remedy, detail=detail)
    return Failed(error, row.event_type, row.status, row.final, gone)
