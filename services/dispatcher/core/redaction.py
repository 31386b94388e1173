"""What of an HTTP exchange may be kept: everything but what proves identity.

Names decide, not values, so that a new secret cannot slip through by looking harmless. Signatures stay: they prove one
message only and help a receiver's owner to find out why a check fails.
"""

from collections.abc import Sequence
from functools import lru_cache

from services.dispatcher.core.exchange import Header

REDACTED = "(redacted)"
_SECRET_PARTS = ("authorization", "cookie", "api-key", "apikey", "token", "secret", "password")
#: Names judged before and remembered: the same few dozen come again with every request and answer.
_NAMES = 1_000


def redact_headers(headers: Sequence[Header]) -> list[Header]:
    """Headers with the values of secret ones replaced."""
    return [(name, REDACTED if _is_secret(name) else value) for name, value in headers]


@lru_cache(maxsize=_NAMES)
def _is_secret(name: str) -> bool:
    lower = name.lower()
    return any(part in lower for part in _SECRET_PARTS)
