"""From what came of a request to what it means: success, a failure worth repeating, or a final one.

One table, so that cause, code, remedy and event type of every failure can be read and reviewed together. A receiver's
answer that is not 2xx and every network failure is worth repeating, 410 Gone excepted; what fails before the wire is
final at once. Redirects are answers like any other: following one would send a signed body somewhere unchecked.
"""

from dataclasses import dataclass

from services.dispatcher.core.exchange import Answer, CannotSend, NetworkFailure, Result
from services.dispatcher.core.window import Sign
from shared.core.messages.integration_events import (
    AUTHENTICATION_ERROR,
    PERFORM_ERROR,
    VALIDATION_ERROR,
    CodeOrigin,
    ErrorDetail,
    RunStatus,
)


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A 2xx answer."""


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

#: code → (cause, remedy). The cause completes "The webhook could not be delivered: …".
NETWORK_FAILURES: dict[str, tuple[str, str]] = {
    "dns.failed": (
        "the host name could not be resolved",
        "Check the host name in the webhook's URL and its DNS record.",
    ),
    "connect.refused": (
        "nothing accepts connections at that address",
        "Start the receiver, or correct host and port in the webhook's URL.",
    ),
    "connect.timeout": (
        "no connection was made in time",
        "Check that the receiver runs and that no firewall drops our packets.",
    ),
    "connect.failed": (
        "the connection could not be made",
        "Check that the receiver is reachable from the fleet's network.",
    ),
    "tls.failed": (
        "no trusted TLS connection could be made",
        "Check the receiver's certificate: its names, its expiry and its chain.",
    ),
    "read.timeout": (
        "the receiver did not answer in time",
        "Answer first and do the work afterwards, or raise the integration's timeout.",
    ),
    "connection.closed": (
        "the receiver closed the connection before it had answered",
        "Look for a crash, a restart or a proxy limit at the receiver.",
    ),
    "protocol.invalid": (
        "the answer was not HTTP",
        "Check that the webhook's URL points at an HTTP server.",
    ),
}

LOCAL_FAILURES: dict[str, tuple[str, str]] = {
    "request.invalid": (
        "the request could not be built",
        "Correct the webhook's URL and headers.",
    ),
    "credential.missing": (
        "a linked credential does not exist",
        "Create the credential again, or link another one to the webhook.",
    ),
    "credential.unusable": (
        "a linked credential cannot be opened with the fleet's sealing keys",
        "Give the fleet the key file that sealed it, or create the credential again.",
    ),
}

_REMEDY_OF_STATUS: dict[int, str] = {
    400: "Compare the body with what the receiver expects; it calls the request malformed.",
    401: "Check the webhook's credential: the receiver does not accept it.",
    403: "Check that the credential may call this URL.",
    404: "Correct the path in the webhook's URL.",
    405: "Let the receiver accept POST at this URL.",
    407: "Check the credential of the proxy in between.",
    410: "The receiver asks not to be called again; point the webhook somewhere else and enable the integration.",
    413: "Let the receiver accept bodies of this size.",
    415: "Let the receiver accept application/cloudevents+json.",
    422: "Compare the body with what the receiver expects; it cannot process the content.",
    429: "The receiver is called too often; let it accept more, or lower the rate.",
}


def classify(result: Result) -> Verdict:
    """What ``result`` means."""
    match result:
        case Answer(status=status) if 200 <= status < 300:
            return Succeeded()
        case Answer(status=status):
            return _failed_answer(status)
        case NetworkFailure(code=code):
            return Failed(_ours(code, NETWORK_FAILURES), PERFORM_ERROR, RunStatus.FAILED)
        case CannotSend(code="request.invalid" as code):
            return Failed(_ours(code, LOCAL_FAILURES), VALIDATION_ERROR, RunStatus.FAILED, final=True)
        case CannotSend(code=code):
            return Failed(_ours(code, LOCAL_FAILURES), AUTHENTICATION_ERROR, RunStatus.AUTH_FAILED, final=True)


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


def _ours(code: str, table: dict[str, tuple[str, str]]) -> ErrorDetail:
    cause, remedy = table[code]
    return ErrorDetail(code=code, origin=CodeOrigin.HOOKFLEET, cause=cause, remedy=remedy)


def _failed_answer(status: int) -> Failed:
    error = ErrorDetail(
        code=f"http.{status}",
        origin=CodeOrigin.RECEIVER,
        cause=f"the receiver answered {status}",
        remedy=_REMEDY_OF_STATUS.get(status) or _remedy_of_class(status),
    )
    if status in (400, 422):
        return Failed(error, VALIDATION_ERROR, RunStatus.FAILED)
    if status in (401, 403, 407):
        return Failed(error, AUTHENTICATION_ERROR, RunStatus.AUTH_FAILED)
    return Failed(error, PERFORM_ERROR, RunStatus.FAILED, final=status == 410, gone=status == 410)


def _remedy_of_class(status: int) -> str:
    if 300 <= status < 400:
        return "Redirects are not followed; set the webhook's URL to where it points."
    if status >= 500:
        return "Look into the receiver's logs: it failed while it handled the request."
    return "Look up what this status means at the receiver."
