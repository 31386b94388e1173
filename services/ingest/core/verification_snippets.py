"""Code for the receiver: how to check that a request was signed with a secret of ours (Standard Webhooks 1.0).

Complete functions over standard libraries alone, to be pasted, because the commonest fault at a receiver is a check
that is almost right: over parsed JSON instead of the bytes, without the time, or with a comparison that tells how much
of a guess was right. A signature of any live secret will do, which is what makes rotation possible. The secret itself
is in none of them: nobody can read it back.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snippet:
    """``file`` is a name that fits."""

    language: str
    file: str
    code: str


_PYTHON = '''\
import base64
import hashlib
import hmac
import time

TOLERANCE_SECONDS = 300


def verify(secret, headers, body):
    """Return when `body` was signed with `secret` just now; raise ValueError otherwise.

    secret: "whsec_...", as it was shown for credential {credential}.
    headers: the request's, with names in lower case. body: its bytes as received, before any parsing.
    """
    message_id, timestamp = headers["webhook-id"], headers["webhook-timestamp"]
    if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
        raise ValueError("too old, or from the future")
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{{message_id}}.{{timestamp}}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest())
    for each in headers["webhook-signature"].split():
        version, _, signature = each.partition(",")
        if version == "v1" and hmac.compare_digest(signature.encode(), expected):
            return
    raise ValueError("no signature fits")
'''

_JAVASCRIPT = """\
import {{ createHmac, timingSafeEqual }} from "node:crypto";

const TOLERANCE_SECONDS = 300;

/**
 * Return when `body` was signed with `secret` just now; throw otherwise.
 *
 * secret: "whsec_...", as it was shown for credential {credential}.
 * headers: the request's, with names in lower case. body: a Buffer as received, before any parsing.
 */
export function verify(secret, headers, body) {{
  const id = headers["webhook-id"];
  const timestamp = headers["webhook-timestamp"];
  if (!(Math.abs(Date.now() / 1000 - Number(timestamp)) <= TOLERANCE_SECONDS)) {{
    throw new Error("too old, or from the future");
  }}
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const expected = createHmac("sha256", key).update(`${{id}}.${{timestamp}}.`).update(body).digest();
  for (const each of headers["webhook-signature"].split(" ")) {{
    const [version, signature] = each.split(",");
    const given = Buffer.from(signature ?? "", "base64");
    if (version === "v1" && given.length === expected.length && timingSafeEqual(given, expected)) {{
      return;
    }}
  }}
  throw new Error("no signature fits");
}}
"""


def snippets_for(credential_id: str) -> tuple[Snippet, ...]:
    """One a language."""
    return (
        Snippet("python", "verify_webhook.py", _PYTHON.format(credential=credential_id)),
        Snippet("javascript", "verify_webhook.mjs", _JAVASCRIPT.format(credential=credential_id)),
    )
