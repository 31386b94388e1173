"""A run as listings show it."""

from typing import Final

from pydantic import ConfigDict, Field

from services.event_recorder.presentation.answers import (
    Answer,
    Document,
    Next,
    Time,
    json_of,
    listing,
    present,
    time_or_none,
)
from services.event_recorder.queries.latest_runs import LatestRuns
from services.event_recorder.queries.reader import Found
from services.event_recorder.queries.runs import RunPage
from shared.adapters.clock import rfc3339
from shared.core.messages.base import EventRef
from shared.core.messages.delivery import Trigger
from shared.core.messages.integration_events import ErrorDetail, RunStatus

RUN_EXAMPLE: Final[Document] = {
    "run_id": "5b0c7b1e-6a59-5a3f-9d0e-1f5c2f6f7a10",
    "webhook_id": "5b0c7b1e-6a59-5a3f-9d0e-1f5c2f6f7a10",
    "integration_id": "bills-to-erp",
    "rule_id": "large-bills",
    "trigger": "event",
    "event": {"source": "billing", "id": "e-1", "type": "billing.bill.created", "subject": "bill/1"},
    "entity": {"type": "bill", "id": "1"},
    "status": "COMPLETED",
    "attempts": 2,
    "created": "2027-01-15T08:00:00.000Z",
    "accepted": "2027-01-15T07:59:59.995Z",
    "ended": "2027-01-15T08:00:02.120Z",
    "superseded_outcomes": 0,
}


class RunEntity(Answer):
    """What in the producer's system the run is about; the event's subject where nothing more is known."""

    type: str | None = None
    id: str


class RunItem(Answer):
    """One run: one event at one integration, or what was begun by hand."""

    model_config = ConfigDict(json_schema_extra={"example": RUN_EXAMPLE})

    run_id: str
    webhook_id: str = Field(description="message id at the receiver; a replay keeps that of the run it came from")
    integration_id: str
    rule_id: str | None
    trigger: Trigger
    event: EventRef
    entity: RunEntity | None = None
    status: RunStatus
    attempts: int
    created: Time
    accepted: Time
    ended: Time | None = None
    error: ErrorDetail | None = None
    origin_run_id: str | None = Field(default=None, description="the run that this one came from")
    superseded_outcomes: int = Field(description="outcomes that came after the one that counts")


class RunListing(Answer):
    """A page of runs."""

    items: list[RunItem]
    next: Next


def run_item(row: Found, outcomes_read: int) -> Document:
    """One run; ``outcomes_read`` counts the outcomes that stand on the topic."""
    entity = None if row["entity_id"] is None else present({"type": row["entity_type"], "id": row["entity_id"]})
    item: Document = {
        "run_id": row["run_id"],
        "webhook_id": row["webhook_id"],
        "integration_id": row["integration_id"],
        "rule_id": row["rule_id"],
        "trigger": row["trigger"],
        "event": present(
            {
                "source": row["event_source"],
                "id": row["event_id"],
                "type": row["event_type"],
                "subject": row["event_subject"],
                "time": row["event_time"],
            }
        ),
        "status": row["status"],
        "attempts": row["attempts"],
        "created": rfc3339(row["created_ms"]),
        "accepted": rfc3339(row["accepted_ms"]),
        "superseded_outcomes": max(0, outcomes_read - 1),
    }
    optional = {
        "entity": entity,
        "ended": time_or_none(row["ended_ms"]),
        "error": json_of(row["error"]),
        "origin_run_id": row["origin_run_id"],
    }
    return item | present(optional)


def run_listing(page: RunPage) -> Document:
    """A page of runs."""
    return listing([run_item(row, page.outcomes_read.get(row["run_id"], 0)) for row in page.rows], page.next)


def latest_listing(page: LatestRuns) -> Document:
    """A page of the newest runs; its cursor is an id."""
    items = [run_item(row, page.outcomes_read.get(row["run_id"], 0)) for row in page.rows]
    return {"items": items, "next": page.next}
