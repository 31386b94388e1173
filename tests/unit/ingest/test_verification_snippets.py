"""The code that receivers paste, executed: what it accepts and what it refuses."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import standardwebhooks

from services.ingest.core.verification_snippets import Snippet, snippets_for
from tests.snippet_runs import verifies

SECRET, OTHER = ("whsec_" + base64.b64encode(each * 32).decode() for each in (b"s", b"o"))
BODY = '{"name": "Zoë", "amount": 10.50}'.encode()
SNIPPETS = snippets_for("shop-signature")


def signed(*secrets: str, at: datetime | None = None) -> dict[str, str]:
    """A request's headers as a sender by the standard makes them, newest secret first."""
    at = at or datetime.now(UTC)
    signatures = [standardwebhooks.Webhook(each).sign("msg_1", at, BODY.decode()) for each in secrets]
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
        "content-type": "application/cloudevents+json",
    }


def test_there_is_one_for_python_and_one_for_javascript_and_none_holds_a_secret() -> None:
    assert [each.language for each in SNIPPETS] == ["python", "javascript"]
    assert all("shop-signature" in each.code for each in SNIPPETS)


@pytest.mark.parametrize("snippet", SNIPPETS, ids=lambda each: each.language)
def test_it_accepts_what_was_signed_and_nothing_else(snippet: Snippet, tmp_path: Path) -> None:
    def accepts(secret: str, headers: dict[str, str], body: bytes = BODY) -> bool:
        return verifies(tmp_path, snippet.language, snippet.file, snippet.code, secret, headers, body)

    assert accepts(SECRET, signed(SECRET))
    assert accepts(SECRET, signed(OTHER, SECRET))
    assert accepts(SECRET, signed(SECRET) | {"webhook-signature": f"v1a,AAAA {signed(SECRET)['webhook-signature']}"})
    assert not accepts(OTHER, signed(SECRET))
    assert not accepts(SECRET, signed(SECRET), BODY.replace(b"10.50", b"99.50"))
    assert not accepts(SECRET, signed(SECRET) | {"webhook-id": "msg_2"})
    assert not accepts(SECRET, signed(SECRET) | {"webhook-signature": "v1,AAAA"})
    assert not accepts(SECRET, signed(SECRET) | {"webhook-signature": "nonsense"})
    assert not accepts(SECRET, signed(SECRET, at=datetime.now(UTC) - timedelta(minutes=6)))
    assert not accepts(SECRET, signed(SECRET, at=datetime.now(UTC) + timedelta(minutes=6)))
