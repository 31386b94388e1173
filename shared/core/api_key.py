"""Who is asking an HTTP API: one static API key, which stands for one organization.

The same for every service that has an API, whatever reads its requests. The comparison takes the same time whatever
was sent.
"""

import hmac

from shared.core.problem_documents import unauthorized


def check_api_key(sent: str | None, expected: str) -> None:
    """``sent`` is the bearer token, null where there was none. Raises Problem (401)."""
    if sent is None:
        raise unauthorized("missing", "send Authorization: Bearer followed by the API key")
    if not hmac.compare_digest(sent.encode(), expected.encode()):
        raise unauthorized("not a valid API key", "use the key of your organization")
