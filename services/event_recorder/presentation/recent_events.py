"""A system event as the listing of recent ones shows it: as it came, and when it was accepted."""

from typing import Any

from pydantic import ConfigDict, Field

from services.event_recorder.presentation.answers import Answer, Document, Next, Time, json_of, listing, present
from services.event_recorder.queries.pages import Page
from services.event_recorder.queries.reader import Found
from shared.adapters.clock import rfc3339

_EXAMPLE: Document = {
    "accepted": "2027-01-15T07:59:59.995Z",
    "source": "billing",
    "id": "e-1",
    "type": "billing.bill.created",
    "subject": "bill/1",
    "event": {
        "specversion": "1.0",
        "id": "e-1",
        "source": "billing",
        "type": "billing.bill.created",
        "subject": "bill/1",
        "organization": "acme",
        "data": {"new": {"total": 1200}},
    },
}


class RecentEventItem(Answer):
    """One system event that is still kept."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    accepted: Time
    source: str
    id: str
    type: str
    subject: str | None = None
    event: dict[str, Any] = Field(description="the CloudEvent as it came")


class RecentEventListing(Answer):
    """A page of system events."""

    items: list[RecentEventItem]
    next: Next


def recent_event_listing(page: Page) -> Document:
    """A page of system events."""
    return listing([_item(row) for row in page.rows], page.next)


def _item(row: Found) -> Document:
    about = {name: row[name] for name in ("source", "id", "type", "subject")}
    return {"accepted": rfc3339(row["accepted_ms"])} | present(about) | {"event": json_of(row["document"])}
