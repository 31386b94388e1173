"""From the values of a template's expressions to a request: URL, headers and body, each within its bounds.

A request that cannot be built says why by one of three codes: what an expression gave is not fit for its place
(``request.invalid``), it gave nothing (``expression.failed``), or too much (``expression.too-large``). Nothing is sent
then, and nothing is quietly left out but what an expression says to leave out by giving null.

Header names were checked when the template was written; their values come from an event now and are checked here. What
belongs to Hookfleet or to the credential is added later and wins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from services.dispatcher.core.exchange import Header
from shared.core.cloud_events import CONTENT_TYPE
from shared.core.expression_values import Failure, Structure, Value
from shared.core.resources import RequestTemplate

#: Longest URL, in characters: what receivers and proxies commonly take.
MAX_URL = 8_192
#: Bound on all headers of a template together, in bytes: servers commonly take 8 to 16 KiB with everything else.
MAX_HEADER_BYTES = 8_192
_BODILESS = frozenset({"GET", "DELETE"})


class Unrenderable(Exception):
    """The request cannot be built. ``code`` is a key of the table of failures, ``detail`` says what of it and why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Rendered:
    """A request but for what authenticates it. ``headers``: the webhook's, the template's, and the content type."""

    method: str
    url: str
    headers: Sequence[Header]
    body: bytes


def given(field: str, value: Value | Failure) -> Value:
    """The value of ``field``. Raises Unrenderable when there is none."""
    if isinstance(value, Failure):
        raise Unrenderable(
            "expression.too-large" if value.too_large else "expression.failed", f"{field}: {value.reason}"
        )
    return value


def url_with(url: str, segments: Sequence[object] | None, query: Mapping[str, Value]) -> str:
    """``url`` with path segments and query parameters appended. Raises Unrenderable."""
    if segments is None and not query:
        return url
    scheme, host, path, kept, _ = urlsplit(url)
    if segments is not None:
        path = "/".join((path.removesuffix("/"), *(_segment(each) for each in segments)))
    named = [(name, _text(f"request.query.{name}", value)) for name, value in query.items() if value is not None]
    whole = urlunsplit((scheme, host, path, "&".join(each for each in (kept, urlencode(named)) if each), ""))
    if len(whole) > MAX_URL:
        raise Unrenderable("expression.too-large", f"the URL has {len(whole)} characters; {MAX_URL} are allowed")
    return whole


def _segment(value: object) -> str:
    if not isinstance(value, str | int) or isinstance(value, bool) or value in ("", ".", ".."):
        raise Unrenderable(
            "request.invalid", "request.path: a segment is text or a whole number, not empty, no '.' or '..'"
        )
    return quote(_without_control_characters("request.path", str(value)), safe="")


def headers_with(own: Mapping[str, str], values: Mapping[str, Value]) -> list[Header]:
    """A webhook's ``own`` headers with those of a template over them. Raises Unrenderable."""
    named = {name: _text(f"request.headers.{name}", value) for name, value in values.items() if value is not None}
    for name, value in named.items():
        if not value.isascii():
            raise Unrenderable("request.invalid", f"request.headers.{name}: a header takes printable ASCII only")
    size = sum(len(name) + len(value) + 4 for name, value in named.items())
    if size > MAX_HEADER_BYTES:
        raise Unrenderable("expression.too-large", f"the headers have {size} bytes; {MAX_HEADER_BYTES} are allowed")
    over = {name.lower() for name in values}
    return [*((name, value) for name, value in own.items() if name.lower() not in over), *named.items()]


def body_of(template: RequestTemplate, event: bytes, value: Value) -> tuple[bytes, str | None]:
    """Body and content type. ``value`` is what the template's expression for it gave, where it has one.

    Raises Unrenderable.
    """
    content_type = template.content_type
    if template.body is None:
        return (b"", None) if template.method in _BODILESS else (event, content_type or CONTENT_TYPE)
    match value:
        case Structure(encoded=encoded):
            return encoded, content_type or "application/json"
        case str():
            return value.encode(), content_type or "text/plain; charset=utf-8"
        case bytes():
            return value, content_type or "application/octet-stream"
        case _:
            raise Unrenderable(
                "request.invalid", f"request.body: gives {_named(value)}, not a map, a list, text or bytes"
            )


def entity_id_of(value: Value) -> str:
    """An entity's id. Raises Unrenderable when ``value`` is none."""
    if value is None or value == "":
        raise Unrenderable("entity.missing", "mapping.entity_id: the event names no entity")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unrenderable("request.invalid", f"mapping.entity_id: gives {_named(value)}, not text or a whole number")
    return str(value)


def _text(field: str, value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str() | int() | float():
            return _without_control_characters(field, str(value))
        case _:
            raise Unrenderable("request.invalid", f"{field}: gives {_named(value)}, not text, a number or a boolean")


def _without_control_characters(field: str, text: str) -> str:
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in text):
        raise Unrenderable("request.invalid", f"{field}: holds control characters")
    return text


def _named(value: Value) -> str:
    match value:
        case None:
            return "null"
        case Structure(encoded=encoded):
            return "a map" if encoded.startswith(b"{") else "a list"
        case bytes():
            return "bytes"
        case bool():
            return "a boolean"
        case _:
            return "text" if isinstance(value, str) else "a number"
