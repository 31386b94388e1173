"""What one event led to, and why not."""

from typing import Any, Literal

import orjson
from pydantic import Field

from services.event_recorder.presentation.answers import Answer, Document, Time
from services.event_recorder.presentation.runs import RunItem, run_item
from services.event_recorder.queries.traces import Trace
from shared.adapters.clock import rfc3339
from shared.core.messages.run_log import UnevaluableRule


class Fired(Answer):
    """A rule that fired, its integration and the run that this led to."""

    rule_id: str | None
    integration_id: str
    run_id: str


class TraceAnswer(Answer):
    """Everything one event led to. What is not known yet is null."""

    event: dict[str, Any] = Field(description="the whole event while it is kept, afterwards what names it")
    accepted: Time
    matched: bool
    outcome: Literal["matched", "matched nothing", "not matched yet"]
    config_offset: int | None = Field(description="version of the configuration that was matched with")
    fired: list[Fired]
    unevaluable: list[UnevaluableRule] = Field(description="rules whose condition could not be evaluated, and why")
    runs: list[RunItem] = Field(description="the first 1,000 runs of the event, replays among them, oldest first")
    complete: bool = Field(description="false when there are more runs; GET /v1/runs?event= lists all")


def trace_document(trace: Trace) -> Document:
    """The answer of ``GET /v1/events/{id}/trace``."""
    match, runs = trace.match, trace.runs
    unmatched = "not matched yet" if match is None else "matched nothing"
    return {
        "event": _event(trace),
        "accepted": rfc3339(_accepted_ms(trace)),
        "matched": bool(runs),
        "outcome": "matched" if runs else unmatched,
        "config_offset": None if match is None else match["config_offset"],
        "fired": [
            {"rule_id": run["rule_id"], "integration_id": run["integration_id"], "run_id": run["run_id"]}
            for run in runs
            if run["origin_run_id"] is None
        ],
        "unevaluable": [] if match is None else orjson.Fragment(match["unevaluable"]),
        "runs": [run_item(run, trace.outcomes_read.get(run["run_id"], 0)) for run in runs],
        "complete": trace.complete,
    }


def _event(trace: Trace) -> object:
    if trace.event is not None:
        return orjson.Fragment(trace.event["document"])
    if trace.match is not None:
        return orjson.Fragment(trace.match["event"])
    return run_item(trace.runs[0], 0)["event"]


def _accepted_ms(trace: Trace) -> int:
    known = next(each for each in (trace.match, trace.event, *trace.runs) if each is not None)
    return int(known["accepted_ms"])
