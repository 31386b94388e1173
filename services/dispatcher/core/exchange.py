"""What came of one HTTP request, without the library that made it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shared.core.trace_context import TRACEPARENT, TRACESTATE, TraceContext

Header = tuple[str, str]

#: Response bodies are kept up to this many bytes; the rest is not read.
MAX_RESPONSE_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What we show when a TLS connection is made. ``name`` tells two apart, also two versions of one."""

    name: str
    certificate_pem: str
    key_pem: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, complete. ``timeout_seconds`` bounds it from connect to the last byte kept."""

    url: str
    headers: Sequence[Header]
    body: bytes
    timeout_seconds: float
    method: str = "POST"
    client_certificate: ClientCertificate | None = None


def traced(request: Request, trace: TraceContext) -> Request:
    """The request with a trace context in place of one that a webhook or a template may have set."""
    names = {TRACEPARENT, TRACESTATE}
    kept = [header for header in request.headers if header[0].lower() not in names]
    return replace(request, headers=[*kept, *trace.headers()])


@dataclass(frozen=True, slots=True)
class Answer:
    """The receiver answered. ``truncated``: its body went on after what is kept."""

    status: int
    headers: Sequence[Header]
    body: bytes
    truncated: bool

    def header(self, name: str) -> str | None:
        """First value of a header, whatever its case."""
        return next((value for each, value in self.headers if each.lower() == name), None)


@dataclass(frozen=True, slots=True)
class NetworkFailure:
    """No answer. ``code`` is a key of `services.dispatcher.core.failures.FAILURES`; ``detail`` says what in particular,
    for people, and holds no secret."""

    code: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class CannotSend:
    """Nothing was sent. ``code`` and ``detail`` are as those of `NetworkFailure`."""

    code: str
    detail: str | None = None


Result = Answer | NetworkFailure | CannotSend
