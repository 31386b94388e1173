"""An integration event as listings show it: what happened, to which integration, and who has dealt with it."""

from pydantic import ConfigDict, Field

from services.event_recorder.core.event_messages import message_of
from services.event_recorder.presentation.answers import Answer, Document, Next, Signature, Time, listing, signature
from services.event_recorder.queries.integration_events import IntegrationEventPage
from services.event_recorder.queries.reader import Found
from shared.adapters.clock import rfc3339
from shared.core.messages.integration_events import (
    CallerContext,
    Entity,
    ErrorDetail,
    RunOutcome,
    RunStatus,
    decode_integration_event,
)

_EXAMPLE: Document = {
    "id": "0f6b1a52-6b52-5f0a-8a43-2f3c6b1f4f11",
    "source": "hookfleet/dispatcher",
    "type": "integration.perform.error",
    "name": "integration.perform.error",
    "date": "2027-01-15T08:00:09.000Z",
    "message": "Delivery to ERP inbox failed after 4 attempts: the receiver answered 500.",
    "integration_id": "bills-to-erp",
    "integration_name": "Bills to ERP",
    # FastAPI leaves nulls out of examples, so this one has none.
    "actioned": {"at": "2027-01-15T09:31:00.000Z", "by": "key of acme"},
    "resolved": {"at": "2027-01-15T09:30:00.000Z", "by": "key of acme"},
    "run_id": "5b0c7b1e-6a59-5a3f-9d0e-1f5c2f6f7a10",
    "status": "FAILED",
    "attempts": 4,
    "error": {
        "code": "http_500",
        "origin": "receiver",
        "cause": "The receiver answered 500.",
        "remedy": "Look at the receiver's log.",
    },
    "superseded": False,
}


class IntegrationEventItem(Answer):
    """One integration event; it is superseded when another outcome of its run came first."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    source: str
    type: str
    name: str
    date: Time
    message: str
    integration_id: str
    integration_name: str | None = Field(default=None, description="left out once the integration is deleted")
    actioned: Signature | None
    resolved: Signature | None = Field(description="manually resolved, on the receiver's side")
    run_id: str | None = None
    status: RunStatus | None = None
    attempts: int | None = None
    error: ErrorDetail | None = None
    entity: Entity | None = None
    context: CallerContext | None = None
    superseded: bool


class IntegrationEventListing(Answer):
    """A page of integration events."""

    items: list[IntegrationEventItem]
    next: Next


def integration_event_listing(page: IntegrationEventPage) -> Document:
    """A page of integration events."""
    return listing([_item(row, page) for row in page.rows], page.next)


def _item(row: Found, page: IntegrationEventPage) -> Document:
    event = decode_integration_event(row["document"].encode())
    item: Document = {
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "name": event.type,
        "date": rfc3339(row["time_ms"]),
        "message": message_of(event.data),
        "integration_id": row["integration_id"],
        "actioned": signature(row["actioned_ms"], row["actioned_by"]),
        "resolved": signature(row["resolved_ms"], row["resolved_by"]),
    }
    if row["integration_id"] in page.names:
        item["integration_name"] = page.names[row["integration_id"]]
    if isinstance(event.data, RunOutcome):
        item["run_id"] = event.data.run_id
        item["status"] = event.data.status
        item["attempts"] = len(event.data.attempts)
        about = {"error": event.data.error, "entity": event.data.entity, "context": event.data.context}
        item |= {name: said.model_dump(exclude_none=True) for name, said in about.items() if said is not None}
    item["superseded"] = page.deciding.get(row["run_id"]) not in (None, row["topic_offset"])
    return item
