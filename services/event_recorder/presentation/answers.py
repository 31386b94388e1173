"""What all answers share: times as RFC 3339, JSON columns as JSON, and how a page is told."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from services.event_recorder.core.cursors import Position
from shared.adapters.clock import rfc3339

Document = dict[str, Any]
#: RFC 3339 in UTC with milliseconds.
Time = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=["2027-01-15T08:00:00.000Z"])]
Next = Annotated[str | None, Field(description="`cursor` of the following page; null on the last one")]


class Answer(BaseModel):
    """The form of an answer: these fields and no others."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Signature(Answer):
    """Who did something, and when."""

    at: Time
    by: str


def listing(items: Sequence[Document], next_page: Position | None) -> Document:
    """A page with the cursor of the next one."""
    return {"items": items, "next": None if next_page is None else next_page.encode()}


def time_or_none(ms: int | None) -> str | None:
    """RFC 3339 of milliseconds since 1970."""
    return None if ms is None else rfc3339(ms)


def signature(at_ms: int | None, by: str | None) -> Document | None:
    """Who did it and when; None when nobody has."""
    return None if at_ms is None else {"at": rfc3339(at_ms), "by": by or ""}


def json_of(text: str | None) -> object:
    """A JSON column as it stands."""
    return None if text is None else orjson.Fragment(text)


def present(fields: Mapping[str, object]) -> Document:
    """The fields that have a value: those that a reader's question does not depend on are left out."""
    return {name: value for name, value in fields.items() if value is not None}
