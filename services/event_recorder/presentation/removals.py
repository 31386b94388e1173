"""The removal of a person's data as the API shows it: how far it is, and never of whom."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import ConfigDict, Field

from services.event_recorder.presentation.answers import Answer, Document, Next, Time, listing, present, time_or_none
from services.event_recorder.queries.pages import Page
from shared.adapters.clock import rfc3339

_EXAMPLE: Document = {
    "id": "b3a1f0de-2b0c-4d57-8a7e-0d4c1f2a3b4c",
    "kind": "user_email",
    "status": "RUNNING",
    "examined": 48200,
    "removed": 17,
    "requested": "2027-01-15T10:00:00.000Z",
    "requested_by": "api-key",
    "updated": "2027-01-15T10:00:07.000Z",
}


class RemovalItem(Answer):
    """One removal. ``removed`` counts events: each with everything that came of it."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    kind: Literal["subject", "user_id", "user_email"] = Field(description="by what the person was named")
    status: Literal["RUNNING", "DONE"]
    examined: int = Field(description="rows looked at so far, in two passes")
    removed: int = Field(description="events emptied so far, with everything that came of them")
    requested: Time
    requested_by: str
    updated: Time
    ended: Time | None = Field(default=None, description="left out while it goes on")


class RemovalListing(Answer):
    """A page of removals."""

    items: list[RemovalItem]
    next: Next


def removal_document(row: Mapping[str, Any]) -> Document:
    """One removal."""
    document: Document = {name: row[name] for name in ("id", "kind", "status", "examined", "removed")}
    document["requested"] = rfc3339(row["requested_ms"])
    document["requested_by"] = row["requested_by"]
    document["updated"] = rfc3339(row["updated_ms"])
    return document | present({"ended": time_or_none(row["ended_ms"])})


def removal_listing(page: Page) -> Document:
    """A page of removals."""
    return listing([removal_document(row) for row in page.rows], page.next)
