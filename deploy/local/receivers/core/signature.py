"""Checking a Standard Webhooks signature, as a receiver with nothing but a standard library would.

Pure: the time is an argument. Written against the specification on purpose and not with our signing code, which it
would otherwise agree with whatever it does.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

#: Seconds a timestamp may be away from now, before or after: the reference libraries' tolerance.
TOLERANCE_SECONDS = 5 * 60
_SECRET_PREFIX = "whsec_"


def is_signed(headers: Mapping[str, str], body: bytes, secret: str, now_seconds: float) -> bool:
    """Whether one of the signatures in ``webhook-signature`` is ours and fresh.

    ``headers`` have lower-case names; ``secret`` is the ``whsec_…`` that was shown once.
    """
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    if not message_id or not timestamp.isdigit():
        return False
    if abs(now_seconds - int(timestamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(f"v1,{expected}", each) for each in given)
