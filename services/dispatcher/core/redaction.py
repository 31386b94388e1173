"""What of an HTTP exchange may be kept: everything but what proves identity.

Names decide, not values, so that a new secret cannot slip through by looking harmless. Signatures stay: they prove one
message only and help a receiver's owner to find out why a check fails.
"""

import base64
from collections.abc import Sequence

from services.dispatcher.core.exchange import Header
from shared.core.messages.run_log import Body

REDACTED = "(redacted)"
_SECRET_PARTS = ("authorization", "cookie", "api-key", "apikey", "token", "secret", "password")


def redact_headers(headers: Sequence[Header]) -> tuple[Header, ...]:
    """Headers with the values of secret ones replaced."""
    return tuple(
        (name, REDACTED if any(part in name.lower() for part in _SECRET_PARTS) else value) for name, value in headers
    )


def keep_body(body: bytes, *, truncated: bool = False) -> Body:
    """A body as the run log keeps it: text where it is UTF-8, else base64."""
    try:
        return Body(text=body.decode(), size=len(body), truncated=truncated)
    except UnicodeDecodeError:
        return Body(base64=base64.b64encode(body).decode(), size=len(body), truncated=truncated)
