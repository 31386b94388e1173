"""Signatures after Standard Webhooks 1.0: HMAC-SHA256 over message id, timestamp and body.

Every live secret signs, newest first, so that a receiver may change over while both are valid. A secret is 24 to 64
bytes in base64 behind the prefix ``whsec_``.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from services.dispatcher.core.exchange import Header

SECRET_PREFIX = "whsec_"


def signature_headers(webhook_id: str, timestamp_seconds: int, body: bytes, secrets: Sequence[str]) -> list[Header]:
    """``webhook-id``, ``webhook-timestamp`` and, when there is a secret, ``webhook-signature``.

    Raises ValueError when a secret is not base64.
    """
    headers = [("webhook-id", webhook_id), ("webhook-timestamp", str(timestamp_seconds))]
    if secrets:
        signed = f"{webhook_id}.{timestamp_seconds}.".encode() + body
        signatures = [
            "v1," + base64.b64encode(hmac.digest(_key(each), signed, hashlib.sha256)).decode() for each in secrets
        ]
        headers.append(("webhook-signature", " ".join(signatures)))
    return headers


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
