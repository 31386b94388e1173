"""One run with everything that was recorded about it: attempts with stages and exchanges, outcomes, skips, replays."""

from typing import Final

import orjson
from pydantic import ConfigDict, Field

from services.event_recorder.presentation.answers import Answer, Document, Time, json_of, present, time_or_none
from services.event_recorder.presentation.runs import RUN_EXAMPLE, RunItem, run_item
from services.event_recorder.queries.reader import Found
from services.event_recorder.queries.run_details import RunDetails
from shared.adapters.clock import rfc3339
from shared.core.messages.integration_events import ErrorDetail, RunStatus
from shared.core.messages.run_log import Body, Exchange, SkipRecord, StageName, decode_run_log

_EXAMPLE: Final[Document] = {
    **RUN_EXAMPLE,
    "attempts": [
        {
            "number": 1,
            "step": 0,
            "started": "2027-01-15T08:00:02.080Z",
            "duration_ms": 40,
            "stages": [{"name": "PERFORM", "started": "2027-01-15T08:00:02.081Z", "duration_ms": 39, "ok": True}],
            "exchange": {
                "request": {
                    "method": "POST",
                    "url": "https://erp.example/hooks",
                    "headers": [["content-type", "application/json"]],
                    "body": {"text": '{"id":"e-1"}', "size": 12, "truncated": False},
                },
                "response": {"status": 200, "headers": [], "body": {"text": "ok", "size": 2, "truncated": False}},
                "duration_ms": 39,
            },
            "succeeded": True,
        }
    ],
    "outcomes": [
        {
            "event_id": "0f6b1a52-6b52-5f0a-8a43-2f3c6b1f4f11",
            "type": "integration.run.completed",
            "status": "COMPLETED",
            "ended": "2027-01-15T08:00:02.120Z",
            "superseded": False,
        }
    ],
    "skips": [],
    "replays": [],
}


class StageAnswer(Answer):
    """One stage of an attempt: when it began, how long it took, whether it worked and why not."""

    name: StageName
    started: Time
    duration_ms: int
    ok: bool
    reason: str | None = None


class AttemptAnswer(Answer):
    """One attempt; ``exchange`` is null when it failed before the wire, ``retry_due`` says when the next was due."""

    number: int
    step: int
    started: Time
    duration_ms: int
    stages: list[StageAnswer]
    exchange: Exchange | None
    succeeded: bool
    error: ErrorDetail | None = None
    retry_due: Time | None = None


class OutcomeAnswer(Answer):
    """One end of the run; the first on its topic counts, later ones are superseded."""

    event_id: str
    type: str
    status: RunStatus
    ended: Time
    superseded: bool


class SkipAnswer(Answer):
    """The run was not tried; ``body`` is what would have been sent."""

    step: int
    skipped: Time
    status: RunStatus
    reason: str
    body: Body


class ReplayAnswer(Answer):
    """A run that came from this one."""

    run_id: str
    trigger: str
    status: RunStatus
    created: Time


class RunDetailsAnswer(RunItem):
    """A run and its log."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    attempts: list[AttemptAnswer]  # type: ignore[assignment]
    outcomes: list[OutcomeAnswer]
    skips: list[SkipAnswer]
    replays: list[ReplayAnswer] = Field(description="runs that came from this one, the 100 newest, newest first")


def run_document(details: RunDetails) -> Document:
    """A run's item with its attempts, outcomes and skips in the order they were recorded."""
    deciding = details.run["outcome_offset"]
    document = run_item(details.run, details.outcomes_read)
    document["attempts"] = [_attempt(row) for row in details.attempts]
    document["outcomes"] = [
        {
            "event_id": row["event_id"],
            "type": row["type"],
            "status": row["status"],
            "ended": rfc3339(row["ended_ms"]),
            "superseded": row["topic_offset"] != deciding,
        }
        for row in details.outcomes
    ]
    document["skips"] = [_skip(row) for row in details.skips]
    document["replays"] = [
        {
            "run_id": row["run_id"],
            "trigger": row["trigger"],
            "status": row["status"],
            "created": rfc3339(row["created_ms"]),
        }
        for row in details.replays
    ]
    return document


def _attempt(row: Found) -> Document:
    attempt: Document = {
        "number": row["number"],
        "step": row["step"],
        "started": rfc3339(row["started_ms"]),
        "duration_ms": row["duration_ms"],
        "stages": [_stage(stage) for stage in orjson.loads(row["stages"])],
        "exchange": json_of(row["exchange"]),
        "succeeded": bool(row["succeeded"]),
    }
    return attempt | present({"error": json_of(row["error"]), "retry_due": time_or_none(row["retry_due_ms"])})


def _stage(stage: Document) -> Document:
    started_ms = stage.pop("started_ms")
    return {"name": stage.pop("name"), "started": rfc3339(started_ms), **stage}


def _skip(row: Found) -> Document:
    record = decode_run_log(row["document"].encode())
    assert isinstance(record, SkipRecord)
    return {
        "step": record.step,
        "skipped": rfc3339(record.skipped_ms),
        "status": record.status,
        "reason": record.reason,
        "body": record.body.model_dump(exclude_none=True),
    }
