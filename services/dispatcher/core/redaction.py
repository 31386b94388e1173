"""What of an HTTP exchange may be kept: everything but what proves identity.

Two rules, because each misses what the other finds.

*By name.* The value of a header or of a query parameter that is called like a secret goes, whatever it is, so that a
new secret cannot slip through by looking harmless. Signatures stay: they prove one message only and help a receiver's
owner to find out why a check fails.

*By value.* The secrets used in this exchange, and the values found by name in its request, go wherever they turn up: a
URL that a template built, a body, the receiver's answer that echoes what it was sent. They are found as they are, and
as encoders write them: percent-encoded, escaped for JSON or HTML, and within base64 whatever stands before them. One
fact makes that cheap: no encoder touches letters and digits. So a secret's longest run of those is a *probe* that must
be there if the secret is, and only where it is found does a regular expression look closer, in which letters and
digits stand for themselves and all else for any of its escapes. In base64 the same holds for the characters that the
secret alone decides, at each of the three places it can have within a group of three bytes.

Three limits. A secret shorter than `SHORTEST` characters is found by name only: replaced wherever it stands, "admin"
would tear every text apart and tell by the holes what it was. The end of an answer that was cut is dropped for as many
bytes as the longest written form of a secret has: one may have begun there, and a half cannot be recognised. And what
is compressed or encrypted keeps what it hides; requests do not invite that.
"""

import base64
import re
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from urllib.parse import unquote_to_bytes

from services.dispatcher.core.exchange import Header, Request
from services.dispatcher.core.signing import SECRET_PREFIX

REDACTED = "(redacted)"
#: Characters of the shortest secret that is looked for by value.
SHORTEST = 6
_SECRET_PARTS = ("authorization", "cookie", "api-key", "apikey", "api_key", "token", "secret", "password")
#: Names of query parameters that say it shorter.
_SECRET_PARAMETERS = frozenset({"key", "sig", "signature", "pass", "pwd", "auth"})
#: Names and URLs judged before and remembered: the same few dozen come again with every request and answer.
_REMEMBERED = 1_000
#: Exchanges' secrets prepared for the search; some 2 KiB each.
_PREPARED = 4_000

_ALPHANUMERIC = re.compile(rb"[A-Za-z0-9]+")
_QUERY = re.compile(r"(?<=[?&;])([^=&;#]*)=([^&#]*)")
_IN_HEADERS = re.compile(r"[\s;,]+")
_ARMOUR = re.compile(r"-----[A-Z ]+-----")
_REDACTED_BYTES = REDACTED.encode()
#: How often one escape is itself escaped, at most: the bound keeps a search linear whatever a receiver sends.
_DEPTH = 3


class _Needle:
    """One text to be found in all its written forms."""

    def __init__(self, text: str) -> None:
        self._text = text
        runs = _ALPHANUMERIC.findall(text.encode())
        self.probe: bytes = max(runs, key=len, default=b"")
        #: Bytes of its longest written form: a character of four bytes, percent-encoded, takes twelve.
        self.longest = sum(1 if char.isascii() and char.isalnum() else 12 for char in text)

    @cached_property
    def pattern(self) -> re.Pattern[bytes]:
        return re.compile(b"".join(_written(char) for char in self._text))


@lru_cache(_REMEMBERED)
def _written(char: str) -> bytes:
    """A pattern for every way to write one character."""
    if char.isascii() and char.isalnum():
        return char.encode()
    raw = char.encode()
    plain = re.escape(raw)
    if char in "+-":
        plain = rb"[+\- ]"  # base64 has two alphabets, and a form's plus is a space
    elif char in "/_":
        plain = b"[/_]"
    elif char == " ":
        plain = b"[ +]"
    percent = b"".join(b"%%(?:25){0,%d}(?i:%02x)" % (_DEPTH, byte) for byte in raw)
    units = char.encode("utf-16-be")
    unicode = b"".join(rb"\\{1,%d}u(?i:%02x%02x)" % (2 * _DEPTH, *units[at : at + 2]) for at in range(0, len(units), 2))
    entity = rb"&(?:amp;){0,%d}(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});" % _DEPTH
    return rb"(?:\\{0,%d}%b|%b|%b|%b)" % (2 * _DEPTH, plain, percent, unicode, entity)


def _needles(secret: str) -> list[_Needle]:
    """The secret, and what it is within base64."""
    raw = secret.encode()
    needles = [_Needle(secret)]
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + raw)
        first, end = -(-before * 8 // 6), (before + len(raw)) * 8 // 6
        needles.append(_Needle(encoded[first:end].decode()))
    return needles


class Redaction:
    """What must not be kept of one exchange. Equal secrets are prepared once: see `redaction_of`."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._needles = [needle for secret in _worth_finding(secrets) for needle in _needles(secret)]
        self._longest = max((needle.longest for needle in self._needles), default=0)
        # What nearly every text is asked, and nearly always in vain.
        self._probes = tuple(needle.probe.decode() for needle in self._needles)

    def text(self, text: str) -> str:
        """``text`` without secrets."""
        for place, probe in enumerate(self._probes):
            if probe in text:
                pattern = self._needles[place].pattern
                text = pattern.sub(_REDACTED_BYTES, text.encode("utf-8", "replace")).decode()
        return text

    def body(self, body: bytes, *, truncated: bool = False) -> bytes:
        """``body`` without secrets; ``truncated``: it was cut, and loses what may be the beginning of one."""
        if not body:
            return body
        for needle in self._needles:
            if needle.probe in body:
                body = needle.pattern.sub(_REDACTED_BYTES, body)
        return body[: max(0, len(body) - self._longest)] if truncated and self._longest else body

    def headers(self, headers: Sequence[Header]) -> list[Header]:
        """``headers`` with the values of secret ones replaced, and secrets in all others."""
        named = redact_headers(headers)
        if self._probes:
            joined = "\n".join([value for _, value in named])
            for probe in self._probes:
                if probe in joined:
                    return [(name, self.text(value)) for name, value in named]
        return named

    def url(self, url: str) -> str:
        """``url`` with the values of secret parameters replaced, and secrets in all else."""
        return self.text(_redact_query(url) if "?" in url else url)


def redaction_of(secrets: tuple[str, ...], request: Request | None) -> Redaction:
    """For an exchange that uses ``secrets``, and those that its ``request`` names as such in its URL and headers."""
    if request is None:
        return _prepared(secrets)
    named = [part for name, value in request.headers if _is_secret(name) for part in _parts(value)]
    if "?" in request.url:
        named += _secrets_of_query(request.url)
    return _prepared((*secrets, *named) if named else secrets)


def redact_headers(headers: Sequence[Header]) -> list[Header]:
    """Headers with the values of secret ones replaced."""
    return [(name, REDACTED if _is_secret(name) else value) for name, value in headers]


@lru_cache(_PREPARED)
def _prepared(secrets: tuple[str, ...]) -> Redaction:
    return Redaction(secrets)


@lru_cache(_REMEMBERED)
def _is_secret(name: str) -> bool:
    lower = name.lower()
    return any(part in lower for part in _SECRET_PARTS)


@lru_cache(_REMEMBERED)
def _is_secret_parameter(name: str) -> bool:
    return name.lower() in _SECRET_PARAMETERS or _is_secret(name)


@lru_cache(_REMEMBERED)
def _redact_query(url: str) -> str:
    def replace(found: re.Match[str]) -> str:
        name = found.group(1)
        return f"{name}={REDACTED}" if _is_secret_parameter(name) else found.group()

    return _QUERY.sub(replace, url)


@lru_cache(_REMEMBERED)
def _secrets_of_query(url: str) -> tuple[str, ...]:
    return tuple(
        unquote_to_bytes(value).decode("utf-8", "replace")
        for name, value in _QUERY.findall(url)
        if _is_secret_parameter(name)
    )


@lru_cache(_REMEMBERED)
def _parts(value: str) -> tuple[str, ...]:
    """What of a header's value may turn up alone: ``Bearer x`` gives x, and ``a=b; c=d`` gives b and d as well."""
    parts = [part for part in _IN_HEADERS.split(value) if part]
    if len(parts) > 1 and parts[0].isalpha():
        del parts[0]  # the scheme
    return (*parts, *(after for part in parts if (after := part.partition("=")[2].rstrip("="))))


def _worth_finding(secrets: Iterable[str]) -> list[str]:
    """Each once, line by line, the longest first: it may hold a shorter one."""
    lines = {line.strip().removeprefix(SECRET_PREFIX) for secret in secrets for line in secret.splitlines()}
    chosen = [line for line in lines if len(line) >= SHORTEST and not _ARMOUR.fullmatch(line)]
    return sorted(chosen, key=lambda line: (-len(line), line))
