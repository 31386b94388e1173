"""Request templates for the places people post to, so that nobody has to read four products' documentation first.

A preset fills in a whole request; a *message* overrides what it says: title, text, severity and link, each a CEL
expression. By default the title is the event's type and subject and the text is ``data.message``, which every error of
an integration carries, or else where the event came from. Users' expressions are put into the preset's own in
parentheses and on lines of their own, so that a comment at the end of one cannot swallow what follows.

What each product demands, and where that is said:

- Slack, "Sending messages using incoming webhooks" and "Block Kit reference": JSON with ``blocks`` and a ``text`` that
  notifications show; a header holds plain text of 150 characters at most, a section 3,000; ``&``, ``<`` and ``>`` of
  markup are escaped; the answer to a good request is 200 with the body ``ok``.
- Microsoft Teams, "Create and send messages" (Workflows) and the Teams connector reference: a ``message`` with an
  Adaptive Card as its attachment; messages may have 28 KB, and 4,300 characters are less than that however they are
  written in JSON.
- PagerDuty, "Events API v2: send an alert event": ``routing_key``, ``event_action``, and in the payload ``summary``
  (1,024 characters), ``source`` and ``severity`` (critical, error, warning or info); ``dedup_key`` has 255 characters;
  a good event is answered 202.
- Opsgenie, "Alert API": ``message`` has 130 characters, ``description`` 15,000, ``alias`` 512, priorities are P1 to
  P5; the key stands in the header ``Authorization: GenieKey ...``; a good request is answered 202.

Text from an event is data and never markup: where a product reads markup, the preset sends plain text or escapes it,
so that no event can call a whole channel.
"""

from enum import StrEnum
from typing import Annotated, Any

import orjson
from pydantic import Field

from shared.core.resources.request_template import Place, PlacedExpression, RequestTemplate
from shared.core.resources.spec import Spec

#: In characters. A preset holds a title twice at most, so that its body stays a body expression.
_Text = Annotated[str, Field(min_length=1, max_length=1_000)]


class Preset(StrEnum):
    """Products that a notification can be made for."""

    SLACK = "slack"
    MICROSOFT_TEAMS = "microsoft-teams"
    PAGERDUTY = "pagerduty"
    OPSGENIE = "opsgenie"


class PresetMessage(Spec):
    """What a preset says, in the user's own words."""

    title: _Text | None = Field(default=None, description="CEL that gives text; the event's type where absent")
    text: _Text | None = Field(default=None, description="CEL that gives text; data.message where absent")
    severity: _Text | None = Field(
        default=None,
        description="CEL that gives 'critical', 'error', 'warning' or 'info'; error for errors of integrations, info "
        "for other events where absent",
    )
    link: _Text | None = Field(default=None, description="CEL that gives a URL for more; none where absent")

    def expressions(self, within: str) -> list[PlacedExpression]:
        """Every expression. ``within`` is the message's own field."""
        named = (("title", self.title), ("text", self.text), ("severity", self.severity), ("link", self.link))
        return [PlacedExpression(f"{within}.{name}", Place.TEXT, text) for name, text in named if text is not None]


class _Cel(str):
    """An expression within a body; other texts there are literals."""

    __slots__ = ()


_TITLE = "event.type + (has(event.subject) ? ' ' + event.subject : '')"
_TEXT = (
    "type(data) == map && has(data.message) ? text(data.message)"
    " : 'Event ' + event.id + ' from ' + event.source + (has(event.time) ? ' at ' + event.time : '')"
)
_SEVERITY = "event.type.startsWith('integration.') && event.type.endsWith('.error') ? 'error' : 'info'"
#: Names an alert, so that one sent twice is one alert: the event, whoever sent it.
_ALERT_KEY = "event.source + ' ' + event.id"


def expand(preset: Preset, message: PresetMessage | None) -> tuple[RequestTemplate, str]:
    """The request that ``preset`` stands for, and its success test."""
    own = message or PresetMessage()
    title, text, severity = _own(own.title, _TITLE), _own(own.text, _TEXT), _own(own.severity, _SEVERITY)
    link = None if own.link is None else _own(own.link, "")
    match preset:
        case Preset.SLACK:
            body, success = _slack(title, text, link), "response.status == 200 && response.body == 'ok'"
        case Preset.MICROSOFT_TEAMS:
            body, success = _teams(title, text, link), "response.status == 200 || response.status == 202"
        case Preset.PAGERDUTY:
            body, success = _pagerduty(title, text, severity, link), "response.status == 202"
        case Preset.OPSGENIE:
            body, success = _opsgenie(title, text, severity, link), "response.status == 202"
    return RequestTemplate(body=_written(body)), success


def _own(given: str | None, default: str) -> _Cel:
    return _Cel(f"text(\n{given or default}\n)")


def _cut(expression: str, characters: int) -> _Cel:
    return _Cel(f"cut({expression}, {characters})")


def _written(value: Any) -> str:
    """A structure of literals and expressions as one CEL expression."""
    if isinstance(value, _Cel):
        return value
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_written(name)}: {_written(member)}" for name, member in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_written(member) for member in value) + "]"
    # A JSON text is a CEL text as well.
    return orjson.dumps(value).decode()


def _slack(title: _Cel, text: _Cel, link: _Cel | None) -> dict[str, Any]:
    blocks: list[Any] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(title, 150)}},
        {"type": "section", "text": {"type": "plain_text", "text": _cut(text, 3000)}},
    ]
    if link is not None:
        shown = _Cel(f"'<' + {_cut(f'escapeMarkup({link})', 2900)} + '|Open>'")
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": shown}})
    return {"text": _Cel(f"escapeMarkup({_cut(title, 500)})"), "blocks": blocks}


def _teams(title: _Cel, text: _Cel, link: _Cel | None) -> dict[str, Any]:
    # A text run shows its text as it is, where a text block would read Markdown.
    shown = [
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "weight": "Bolder", "text": _cut(title, 300)}]},
        {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": _cut(text, 4000)}]},
    ]
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": shown,
    }
    if link is not None:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _pagerduty(title: _Cel, text: _Cel, severity: _Cel, link: _Cel | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        "routing_key": _Cel("credential.value"),
        "event_action": "trigger",
        "dedup_key": _cut(_ALERT_KEY, 255),
        "payload": {
            "summary": _cut(title, 1024),
            "source": _cut("event.source", 1024),
            "severity": severity,
            "class": _Cel("event.type"),
            "custom_details": {"text": _cut(text, 10_000), "event_id": _Cel("event.id")},
        },
    }
    if link is not None:
        body["links"] = [{"href": link, "text": "Open"}]
    return body


def _opsgenie(title: _Cel, text: _Cel, severity: _Cel, link: _Cel | None) -> dict[str, Any]:
    details: dict[str, Any] = {"event_type": _Cel("event.type"), "event_id": _Cel("event.id")}
    if link is not None:
        details["link"] = _cut(link, 2000)
    priorities = {"critical": "P1", "error": "P2", "warning": "P3", "info": "P5"}
    return {
        "message": _cut(title, 130),
        "description": _cut(text, 15_000),
        "alias": _cut(_ALERT_KEY, 512),
        "source": _cut("event.source", 100),
        "priority": _Cel(f"{_written(priorities)}[{severity}]"),
        "details": details,
    }
