"""An act as the trail shows it."""

from typing import Any

from pydantic import ConfigDict

from services.event_recorder.acts.trail import Act
from services.event_recorder.presentation.answers import Answer, Document, Next, Time, json_of, listing
from services.event_recorder.queries.pages import Page
from shared.adapters.clock import rfc3339

_EXAMPLE: Document = {
    "id": "7f0c2a51-3a0d-5f7e-9d53-0a8f2b1c9e77",
    "at": "2027-01-15T09:30:00.000Z",
    "by": "key of acme",
    "act": "actioned",
    "subject_kind": "integration-event",
    "subject_id": "0f6b1a52-6b52-5f0a-8a43-2f3c6b1f4f11",
    "detail": {"source": "hookfleet/dispatcher"},
}


class TrailItem(Answer):
    """One act: who did what to what, and when."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    at: Time
    by: str
    act: Act
    subject_kind: str
    subject_id: str
    detail: dict[str, Any] | None


class TrailListing(Answer):
    """A page of the trail."""

    items: list[TrailItem]
    next: Next


def trail_listing(page: Page) -> Document:
    """A page of the trail."""
    items = [
        {
            "id": row["id"],
            "at": rfc3339(row["at_ms"]),
            "by": row["by"],
            "act": row["act"],
            "subject_kind": row["subject_kind"],
            "subject_id": row["subject_id"],
            "detail": json_of(row["detail"]),
        }
        for row in page.rows
    ]
    return listing(items, page.next)
