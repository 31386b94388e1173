"""What the products behind presets demand of a request, as their documentation says it.

Each judge takes a request and answers as the product would: 4xx with a reason for what it refuses.
"""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

Judge = Callable[[Mapping[str, str], bytes], tuple[int, bytes]]


def _slack(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """Slack, "Sending messages using incoming webhooks", "Block Kit: blocks", "Formatting text"."""
    if not headers["content-type"].startswith("application/json"):
        return 400, b"invalid_payload"
    document = orjson.loads(body)
    if not document.get("text") or any(char in document["text"] for char in "<>"):
        return 400, b"no_text"
    blocks = document.get("blocks", [])
    if not 1 <= len(blocks) <= 50:
        return 400, b"invalid_blocks"
    for block in blocks:
        text, limit = block["text"], {"header": 150, "section": 3000}[block["type"]]
        if text["type"] not in ({"plain_text"} if block["type"] == "header" else {"plain_text", "mrkdwn"}):
            return 400, b"invalid_blocks"
        if not 1 <= len(text["text"]) <= limit:
            return 400, b"invalid_blocks"
    return 200, b"ok"


def _teams(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """Microsoft Teams, "Create and send messages" and the connector reference; Adaptive Cards, "Schema explorer"."""
    if headers["content-type"] != "application/json" or len(body) > 28 * 1024:
        return 413, b""
    document = orjson.loads(body)
    if document["type"] != "message":
        return 400, b""
    (attachment,) = document["attachments"]
    card = attachment["content"]
    if attachment["contentType"] != "application/vnd.microsoft.card.adaptive" or card["type"] != "AdaptiveCard":
        return 400, b""
    if "version" not in card or not card["body"]:
        return 400, b""
    for element in card["body"]:
        if element["type"] != "RichTextBlock" or any(not isinstance(run["text"], str) for run in element["inlines"]):
            return 400, b""
    return 202, b""


def _pagerduty(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """PagerDuty, "Events API v2: send an alert event"."""
    document = orjson.loads(body)
    payload = document.get("payload", {})
    faults = [
        name
        for name, is_right in (
            ("content-type", headers["content-type"] == "application/json"),
            ("authorization", "authorization" not in headers),
            ("routing_key", isinstance(document.get("routing_key"), str) and len(document["routing_key"]) == 32),
            ("event_action", document.get("event_action") in ("trigger", "acknowledge", "resolve")),
            ("dedup_key", len(document.get("dedup_key", "")) <= 255),
            ("summary", 1 <= len(payload.get("summary", "")) <= 1024),
            ("source", bool(payload.get("source"))),
            ("severity", payload.get("severity") in ("critical", "error", "warning", "info")),
        )
        if not is_right
    ]
    answer: dict[str, Any] = {"status": "success", "message": "Event processed", "dedup_key": document.get("dedup_key")}
    if faults:
        answer = {"status": "invalid event", "message": "Event object is invalid", "errors": faults}
    return 400 if faults else 202, orjson.dumps(answer)


def _opsgenie(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
    """Opsgenie, "Alert API: create alert", "API authentication"."""
    if not headers.get("authorization", "").startswith("GenieKey "):
        return 401, b'{"message": "Could not authenticate"}'
    document = orjson.loads(body)
    is_right = (
        headers["content-type"] == "application/json"
        and 1 <= len(document["message"]) <= 130
        and len(document["description"]) <= 15_000
        and len(document["alias"]) <= 512
        and len(document["source"]) <= 100
        and document["priority"] in {"P1", "P2", "P3", "P4", "P5"}
        and all(isinstance(value, str) for value in document["details"].values())
    )
    return (202, b'{"result": "Request will be processed", "requestId": "r"}') if is_right else (422, b"{}")


JUDGES: dict[str, Judge] = {
    "slack": _slack,
    "microsoft-teams": _teams,
    "pagerduty": _pagerduty,
    "opsgenie": _opsgenie,
}
