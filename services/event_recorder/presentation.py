"""What rows look like over HTTP: times as RFC 3339, JSON columns as JSON, fields without a value left out where the
reader's question does not depend on them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from services.event_recorder.queries import Found, Page, RunDetails, Trace
from shared.adapters.clock import rfc3339
from shared.core.messages.integration_events import (
    EventData,
    IntegrationDisabled,
    IntegrationEnabled,
    RunOutcome,
    StateRequest,
    decode_integration_event,
)
from shared.core.messages.run_log import SkipRecord, decode_run_log

Document = dict[str, Any]


def listing(page: Page, items: Sequence[Document]) -> Document:
    """A page with the cursor of the next one."""
    return {"items": items, "next": None if page.next is None else page.next.encode()}


def integration_event_item(row: Found) -> Document:
    """One integration event; it is superseded when another outcome of its run came first."""
    event = decode_integration_event(row["document"].encode())
    item: Document = {
        "id": event.id,
        "type": event.type,
        "name": event.type,
        "date": rfc3339(row["time_ms"]),
        "message": _message(event.data),
        "integration_id": row["integration_id"],
    }
    if row["integration_spec"] is not None:
        item["integration_name"] = orjson.loads(row["integration_spec"])["name"]
    if isinstance(event.data, RunOutcome):
        item["run_id"] = event.data.run_id
        item["status"] = event.data.status
        item["attempts"] = len(event.data.attempts)
        about = {"error": event.data.error, "entity": event.data.entity, "context": event.data.context}
        item |= {name: said.model_dump(exclude_none=True) for name, said in about.items() if said is not None}
    item["superseded"] = row["deciding_offset"] not in (None, row["topic_offset"])
    return item


def _message(data: EventData) -> str:
    match data:
        case RunOutcome() | IntegrationDisabled():
            return data.message
        case IntegrationEnabled():
            return f"Enabled by {data.requested_by}."
        case StateRequest():
            return f"Requested by {data.requested_by}: {data.reason}"


def run_item(row: Found) -> Document:
    """A run as listings show it."""
    item: Document = {
        "run_id": row["run_id"],
        "webhook_id": row["webhook_id"],
        "integration_id": row["integration_id"],
        "rule_id": row["rule_id"],
        "trigger": row["trigger"],
        "event": _present(
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
        "superseded_outcomes": max(0, row["outcomes_read"] - 1),
    }
    optional = {
        "ended": _time(row["ended_ms"]),
        "error": _json(row["error"]),
        "origin_run_id": row["origin_run_id"],
    }
    return item | _present(optional)


def run_details(details: RunDetails) -> Document:
    """A run's item with its attempts, outcomes and skips in the order they were recorded."""
    deciding = details.run["outcome_offset"]
    document = run_item(details.run)
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
    return document


def _attempt(row: Found) -> Document:
    attempt: Document = {
        "number": row["number"],
        "step": row["step"],
        "started": rfc3339(row["started_ms"]),
        "duration_ms": row["duration_ms"],
        "stages": [_stage(stage) for stage in orjson.loads(row["stages"])],
        "exchange": _json(row["exchange"]),
        "succeeded": bool(row["succeeded"]),
    }
    return attempt | _present({"error": _json(row["error"]), "retry_due": _time(row["retry_due_ms"])})


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


def event_trace(trace: Trace) -> Document:
    """Everything one event led to. What is not known yet is null."""
    match, runs = trace.match, trace.runs
    unmatched = "not matched yet" if match is None else "matched nothing"
    return {
        "event": _event(trace),
        "accepted": _time(_accepted_ms(trace)),
        "matched": bool(runs),
        "outcome": "matched" if runs else unmatched,
        "config_offset": None if match is None else match["config_offset"],
        "fired": [
            {"rule_id": run["rule_id"], "integration_id": run["integration_id"], "run_id": run["run_id"]}
            for run in runs
        ],
        "unevaluable": [] if match is None else orjson.Fragment(match["unevaluable"]),
        "runs": [run_item(run) for run in runs],
    }


def _event(trace: Trace) -> object:
    """The whole event while it is kept, afterwards what names it."""
    if trace.event is not None:
        return orjson.Fragment(trace.event["document"])
    if trace.match is not None:
        return orjson.Fragment(trace.match["event"])
    return run_item(trace.runs[0])["event"]


def _accepted_ms(trace: Trace) -> int:
    known = next(each for each in (trace.match, trace.event, *trace.runs) if each is not None)
    return int(known["accepted_ms"])


def _time(ms: int | None) -> str | None:
    return None if ms is None else rfc3339(ms)


def _json(text: str | None) -> object:
    return None if text is None else orjson.Fragment(text)


def _present(fields: Mapping[str, object]) -> Document:
    return {name: value for name, value in fields.items() if value is not None}
