"""The bytes of a request's head, and where they go.

The head holds what the caller gave, in its order and spelling, and two headers more: ``host`` and ``content-length``,
which belong to the message rather than to its content. The caller may not give those, nor others that say where a
message ends; a name or value that would change the head's structure is refused. So nothing that a webhook is
configured with can make one request into two.

What a URL means is httpx's to say. It costs more than all the rest of the head, and a fleet posts to the same URLs
again and again, so it is asked once for each.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import httpx

from services.dispatcher.core.exchange import ClientCertificate, Request

#: URLs and header names whose meaning is remembered; the longest URL of a webhook takes 2 KiB.
_REMEMBERED = 4096
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FRAMING = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST_LENGTH, _LABEL_LENGTH = 253, 63


class Unbuildable(ValueError):
    """No request can be made of what was given."""


class Origin(NamedTuple):
    """What requests must have in common to use the same connection. ``host`` is without brackets, in ASCII.

    ``certificate`` is what we show there; without TLS there is nothing to show it in.
    """

    tls: bool
    host: str
    port: int
    certificate: ClientCertificate | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart. ``start`` is the head after the method, up to and with the ``host`` header."""

    origin: Origin
    start: str


@lru_cache(_REMEMBERED)
def target_of(url: str) -> Target:
    """Raises Unbuildable when ``url`` is no absolute http or https URL that a request could go to."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise Unbuildable(str(error)) from None
    port = _DEFAULT_PORTS.get(parsed.scheme) if parsed.port is None else parsed.port
    if port is None or not 0 < port < 65536:
        raise Unbuildable("neither http nor https, or no such port")
    host = parsed.raw_host.decode("ascii")
    labels = host.removesuffix(".").split(".")
    if len(host) > _HOST_LENGTH or not all(0 < len(label) <= _LABEL_LENGTH for label in labels):
        raise Unbuildable("no host can have that name")
    start = f" {parsed.raw_path.decode('ascii')} HTTP/1.1\r\nhost: {parsed.netloc.decode('ascii')}"
    return Target(Origin(parsed.scheme == "https", host, port), start)


def head_of(request: Request, target: Target) -> bytes:
    """Request line and headers, up to and with the empty line. Raises Unbuildable.

    >>> head_of(Request("http://a/b", [("x-a", "c")], b"{}", 1.0), target_of("http://a/b"))
    b'POST /b HTTP/1.1\\r\\nhost: a\\r\\nx-a: c\\r\\ncontent-length: 2\\r\\n\\r\\n'
    """
    lines = [request.method + target.start]
    for name, value in request.headers:
        if not _may_be_named(name) or not (value.isprintable() or value.replace("\t", "").isprintable()):
            raise Unbuildable("a header that would change the structure of the request")
        lines.append(f"{name}: {value}")
    lines.append(f"content-length: {len(request.body)}\r\n\r\n")
    if not _is_token(request.method):
        raise Unbuildable("no such method")
    try:
        return "\r\n".join(lines).encode("ascii")
    except UnicodeEncodeError:
        raise Unbuildable("a header beyond ASCII") from None


@lru_cache(_REMEMBERED)
def _may_be_named(name: str) -> bool:
    return _is_token(name) and name.lower() not in _FRAMING


@lru_cache(_REMEMBERED)
def _is_token(text: str) -> bool:
    return _TOKEN.fullmatch(text) is not None
