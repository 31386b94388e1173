"""An alert as the listing shows it."""

from pydantic import ConfigDict, Field

from services.event_recorder.core.alerts import AlertStatus, Severity, shown_status
from services.event_recorder.presentation.answers import Answer, Document, Next, Signature, Time, listing, signature
from services.event_recorder.queries.alerts import AlertPage
from services.event_recorder.queries.reader import Found
from shared.adapters.clock import rfc3339

_EXAMPLE: Document = {
    "id": "3f0a8b11-93a4-5b0f-8f02-0d8a4d6a1e55",
    "severity": "ERROR",
    "status": "IN PROGRESS",
    "type": "integration.disabled.error",
    "integration_id": "bills-to-erp",
    "integration_name": "Bills to ERP",
    "description": "Bills to ERP is disabled: 20 runs in succession failed.",
    "first": "2027-01-15T08:00:09.000Z",
    "last": "2027-01-15T08:00:09.000Z",
    "changed": {"at": "2027-01-15T08:10:00.000Z", "by": "key of acme"},
}


class AlertItem(Answer):
    """One alert. It is new again when it comes up after its status was set."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    id: str
    severity: Severity
    status: AlertStatus
    type: str
    integration_id: str
    integration_name: str | None = Field(default=None, description="left out once the integration is deleted")
    description: str
    first: Time = Field(description="when it first came up")
    last: Time = Field(description="when it last came up")
    changed: Signature | None = Field(description="who set the status last, and when")


class AlertListing(Answer):
    """A page of alerts."""

    items: list[AlertItem]
    next: Next


def alert_listing(page: AlertPage) -> Document:
    """A page of alerts."""
    return listing([_item(row, page) for row in page.rows], page.next)


def _item(row: Found, page: AlertPage) -> Document:
    item: Document = {
        "id": row["id"],
        "severity": row["severity"],
        "status": shown_status(row["status_set"], row["status_ms"], row["last_ms"]),
        "type": row["type"],
        "integration_id": row["integration_id"],
    }
    if row["integration_id"] in page.names:
        item["integration_name"] = page.names[row["integration_id"]]
    return item | {
        "description": row["description"],
        "first": rfc3339(row["first_ms"]),
        "last": rfc3339(row["last_ms"]),
        "changed": signature(row["status_ms"], row["status_by"]),
    }
