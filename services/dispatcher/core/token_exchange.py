"""The client credentials grant of OAuth 2.0 (RFC 6749, section 4.4): the request for a token, and what an answer means.

Pure: the request is built here and sent elsewhere. What a token endpoint says of an error is passed on only where it is
one of the standard's own words, since free text may repeat what was sent to it.
"""

import base64
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import orjson

from services.dispatcher.core.authorisation import CredentialFailure, TokenGrant
from services.dispatcher.core.exchange import Answer, CannotSend, NetworkFailure, Request, Result

#: RFC 6749, section 5.2.
_ERRORS = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)


def token_request(grant: TokenGrant, user_agent: str, timeout_seconds: float) -> Request:
    """The request that asks for a token."""
    asked = grant.asked
    form = {"grant_type": "client_credentials", "scope": asked.scope, "audience": asked.audience}
    headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "application/json"),
        ("user-agent", user_agent),
    ]
    if asked.client_authentication == "basic":
        # Each part is form-encoded first (section 2.3.1), so a colon in one cannot be taken for the one between them.
        pair = f"{quote_plus(asked.client_id)}:{quote_plus(grant.client_secret)}"
        headers.append(("authorization", f"Basic {base64.b64encode(pair.encode()).decode()}"))
    else:
        form |= {"client_id": asked.client_id, "client_secret": grant.client_secret}
    body = urlencode({name: value for name, value in form.items() if value is not None}).encode()
    return Request(asked.token_url, headers, body, timeout_seconds)


def read_token(grant: TokenGrant, result: Result) -> tuple[str, float | None]:
    """The access token and for how many seconds it is good, where that is said. Raises CredentialFailure."""
    where = f"the token endpoint {urlsplit(grant.asked.token_url).hostname}"
    match result:
        case Answer(status=200):
            return _token(result, where)
        case Answer(status=status) if status == 429 or status >= 500:
            raise CredentialFailure("token.unreachable", f"{where} answered {status}")
        case Answer(status=status) if 400 <= status < 500:
            error = _document(result).get("error")
            said = f" ({error})" if isinstance(error, str) and error in _ERRORS else ""
            raise CredentialFailure("token.refused", f"{where} answered {status}{said}")
        case Answer(status=status):
            raise CredentialFailure("token.invalid", f"{where} answered {status}, not 200")
        case NetworkFailure(code=code, detail=detail):
            raise CredentialFailure("token.unreachable", f"{where}: {code}" + (f", {detail}" if detail else ""))
        case CannotSend(code=code, detail=detail):
            # It was not even tried, and a later attempt would not be either.
            raise CredentialFailure(code, where + (f": {detail}" if detail else ""))


def _token(answer: Answer, where: str) -> tuple[str, float | None]:
    document = _document(answer)
    token, kind = document.get("access_token"), document.get("token_type", "bearer")
    if not isinstance(token, str) or not token or not all(0x21 <= ord(char) <= 0x7E for char in token):
        raise CredentialFailure("token.invalid", f"{where} gave no access_token that can stand in a header")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise CredentialFailure("token.invalid", f"{where} gave a token of another type than Bearer")
    return token, _seconds(document.get("expires_in"), where)


def _seconds(expires_in: Any, where: str) -> float | None:
    """Some servers write the number as a text."""
    if expires_in is None:
        return None
    try:
        seconds = float(expires_in)
    except (TypeError, ValueError):
        seconds = -1.0
    if isinstance(expires_in, bool) or not 0 <= seconds < 1e9:
        raise CredentialFailure("token.invalid", f"{where} gave an expires_in that is no number of seconds")
    return seconds


def _document(answer: Answer) -> dict[str, Any]:
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
