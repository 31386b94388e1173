"""Replays as the API shows them: one run's, many runs', and what is on offer."""

from typing import Literal

from pydantic import ConfigDict, Field

from services.event_recorder.acts.replay_requests import Offer, Replay, Replayed
from services.event_recorder.core.cursors import Position
from services.event_recorder.core.replay import Selection
from services.event_recorder.presentation.answers import Answer, Document, Next, Time, listing, present, time_or_none
from shared.adapters.clock import rfc3339

_RUN = "9b2f6e7c-5a0e-5d0c-9a55-6f6f2f0d7a10"
_REPLAYED: Document = {
    "run_id": _RUN,
    "origin_run_id": "d9dd2af1-ee77-5e6b-b266-5516d8a25fba",
    "webhook_id": "d9dd2af1-ee77-5e6b-b266-5516d8a25fba",
}
_REPLAY: Document = {
    "id": "5c1d7b9e-77a4-5d7e-8c1e-0a1b2c3d4e5f",
    "integration": "bills-to-erp",
    "selection": "missed",
    "since": "2027-01-15T08:00:00.000Z",
    "until": "2027-01-15T10:00:00.000Z",
    "rate_per_second": 10.0,
    "status": "RUNNING",
    "total": 1200,
    "sent": 340,
    "delivered": 331,
    "failed": 2,
    "pending": 7,
    "requested": "2027-01-15T10:00:00.000Z",
    "requested_by": "api-key",
    "updated": "2027-01-15T10:00:34.000Z",
}


class ReplayedRun(Answer):
    """A run that is sent again: a new run with the message id of the first."""

    model_config = ConfigDict(json_schema_extra={"example": _REPLAYED})

    run_id: str = Field(description="the new run")
    origin_run_id: str = Field(description="the run that is replayed")
    webhook_id: str = Field(description="the message id that both carry")


class ReplayItem(Answer):
    """A replay of many runs, and how far it is."""

    model_config = ConfigDict(json_schema_extra={"example": _REPLAY})

    id: str
    integration: str
    selection: Selection
    since: Time
    until: Time
    rate_per_second: float
    status: Literal["RUNNING", "DONE", "CANCELLED"]
    detail: str | None = Field(default=None, description="what it waits for, or why it ended; left out where obvious")
    total: int = Field(description="runs to send, as counted when it was asked for, and at its end")
    sent: int
    delivered: int
    failed: int = Field(description="sent runs that ended otherwise than delivered")
    pending: int = Field(description="sent runs that have not ended")
    requested: Time
    requested_by: str
    updated: Time
    ended: Time | None = Field(default=None, description="left out while it goes on")


class ReplayListing(Answer):
    """A page of replays."""

    items: list[ReplayItem]
    next: Next


class ReplayOffer(Answer):
    """What a replay of an integration would send now."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"integration": "bills-to-erp", "missed": 42, "failed": 3, "since": "2027-01-15T08:00:00.000Z"}
        }
    )

    integration: str
    missed: int = Field(description="messages that came while it was disabled and were not delivered since")
    failed: int = Field(description="messages that failed and were not delivered since")
    since: Time | None = Field(description="when the oldest of them was triggered; null when there is none")


def replayed_document(replayed: Replayed) -> Document:
    """The answer to replaying one run."""
    return {
        "run_id": replayed.run_id,
        "origin_run_id": replayed.origin_run_id,
        "webhook_id": replayed.webhook_id,
    }


def replay_document(replay: Replay) -> Document:
    """One replay."""
    row, progress = replay.row, replay.progress
    document: Document = {
        "id": row["id"],
        "integration": row["integration_id"],
        "selection": Selection[row["selection"]].value,
        "since": rfc3339(row["since_ms"]),
        "until": rfc3339(row["until_ms"]),
        "rate_per_second": row["rate_per_second"],
        "status": row["status"],
        "total": row["total"],
        "sent": progress.sent,
        "delivered": progress.delivered,
        "failed": progress.failed,
        "pending": progress.pending,
        "requested": rfc3339(row["requested_ms"]),
        "requested_by": row["requested_by"],
        "updated": rfc3339(row["updated_ms"]),
    }
    return document | present({"detail": row["detail"], "ended": time_or_none(row["ended_ms"])})


def replay_listing(found: list[Replay], next_page: Position | None) -> Document:
    """A page of replays."""
    return listing([replay_document(each) for each in found], next_page)


def offer_document(integration_id: str, offer: Offer) -> Document:
    """What is on offer."""
    return {
        "integration": integration_id,
        "missed": offer.missed,
        "failed": offer.failed,
        "since": time_or_none(offer.since_ms),
    }
