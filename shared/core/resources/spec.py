"""The common form of what a user writes, and the kinds of text that several resources hold.

Specs refuse unknown fields, because a misspelt setting that is silently ignored is a fault found in production.
"""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from shared.core.identifiers import IDENTIFIER_PATTERN

Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]


class Spec(BaseModel):
    """What a user writes; an unknown field is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _http_url(url: str) -> str:
    if any(ord(char) <= 0x20 or ord(char) == 0x7F for char in url):
        raise ValueError("must not hold blanks or control characters")
    try:
        parts = urlsplit(url)
        host, user, password = parts.hostname, parts.username, parts.password
        port_is_valid = parts.port != 0
    except ValueError:
        # Its message repeats the URL, which may hold a secret.
        raise ValueError("must hold a valid host and port") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("must be an absolute http or https URL, such as https://example.com/hooks")
    if not port_is_valid:
        raise ValueError("must hold a valid host and port")
    if user is not None or password is not None:
        raise ValueError("must not hold a user name or password; link a credential instead")
    return url


def header_name(name: str) -> str:
    """``name``, when users may set a header of that name. Raises ValueError."""
    if not name or not all(char.isascii() and (char.isalnum() or char in "!#$%&'*+-.^_`|~") for char in name):
        raise ValueError("is not an HTTP header name")
    if name.lower() in RESERVED_HEADERS or name.lower().startswith("webhook-"):
        raise ValueError("is set by Hookfleet itself and cannot be overridden")
    return name


def header_value(value: str) -> str:
    """``value``, when it may stand in a header. Raises ValueError."""
    if not value.isascii() or any((ord(char) < 0x20 and char != "\t") or ord(char) == 0x7F for char in value):
        raise ValueError("is not an HTTP header value (printable ASCII)")
    return value


RESERVED_HEADERS = frozenset({"content-length", "host", "transfer-encoding", "connection", "content-type"})
HeaderName = Annotated[str, AfterValidator(header_name)]
HeaderValue = Annotated[str, AfterValidator(header_value)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
