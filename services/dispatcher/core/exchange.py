"""What came of one HTTP request, without the library that made it."""

from collections.abc import Sequence
from dataclasses import dataclass

Header = tuple[str, str]

#: Response bodies are kept up to this many bytes; the rest is not read.
MAX_RESPONSE_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One request, complete. ``timeout_seconds`` bounds it from connect to the last byte kept."""

    url: str
    headers: Sequence[Header]
    body: bytes
    timeout_seconds: float
    method: str = "POST"


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
    """No answer. ``code`` is a key of `services.dispatcher.core.classification.NETWORK_FAILURES`."""

    code: str


@dataclass(frozen=True, slots=True)
class CannotSend:
    """Failed before the wire: repeating it cannot help. ``code`` is a key of ``LOCAL_FAILURES`` there."""

    code: str


Result = Answer | NetworkFailure | CannotSend
