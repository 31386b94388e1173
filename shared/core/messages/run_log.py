"""What happened, one wide record a piece of work, on ``run-log``.

Three records: ``match`` says what one event led to (so that accepted events can be accounted for), ``attempt`` holds
one try with its stages and the full HTTP exchange, ``skip`` holds a run that was not tried at all, with its whole
request so that it can be replayed. They inform; which outcome a run *has* is decided by ``integration-events`` alone.
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from shared.core.messages.base import EventRef, Message
from shared.core.messages.delivery import Trigger
from shared.core.messages.integration_events import ErrorDetail, RunStatus


class PlannedRun(Message):
    """One run that an event led to."""

    run_id: str
    integration_id: str
    rule_id: str
    webhook_id: str


class UnevaluableRule(Message):
    """A rule whose condition could not be evaluated: it does not fire, and the trace says why."""

    rule_id: str
    reason: str


class MatchRecord(Message):
    """What one event led to. An empty ``runs`` means "matched nothing", which is an answer too."""

    v: Literal[1] = 1
    kind: Literal["match"] = "match"
    organization: str
    event: EventRef
    accepted_ms: int
    matched_ms: int
    config_offset: int
    runs: tuple[PlannedRun, ...] = ()
    unevaluable: tuple[UnevaluableRule, ...] = ()
    trace_id: str | None = None


class StageName(StrEnum):
    """The stages of an attempt, in their order."""

    MATCH = "MATCH"
    MAP = "MAP"
    TRANSFORM = "TRANSFORM"
    AUTHENTICATE = "AUTHENTICATE"
    PERFORM = "PERFORM"


class Stage(Message):
    """One stage of an attempt: when it began, how long it took, whether it worked and why not."""

    name: StageName
    started_ms: int
    duration_ms: int
    ok: bool
    reason: str | None = None


class Body(Message):
    """A request or response body: ``text`` where it is UTF-8, else ``base64``. ``size`` is what was there in bytes,
    ``truncated`` whether less is kept."""

    text: str | None = None
    base64: str | None = None
    size: int
    truncated: bool = False


class HttpRequestRecord(Message):
    """The request as it was sent, secrets redacted."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: Body


class HttpResponseRecord(Message):
    """The answer, its body cut at 16 KiB."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Body


class Exchange(Message):
    """One HTTP exchange with secrets already redacted; ``response`` is null when none came."""

    request: HttpRequestRecord
    response: HttpResponseRecord | None = None
    duration_ms: int


class RunFacts(Message):
    """What identifies a run in every record about it. ``trace_id`` is the trace it belongs to, where there is one."""

    organization: str
    run_id: str
    webhook_id: str
    integration_id: str
    rule_id: str | None = None
    trigger: Trigger
    event: EventRef
    origin_run_id: str | None = None
    accepted_ms: int
    created_ms: int
    trace_id: str | None = None


class AttemptRecord(Message):
    """One attempt. ``retry_due_ms`` is set when another follows; ``error`` when it failed."""

    v: Literal[1] = 1
    kind: Literal["attempt"] = "attempt"
    run: RunFacts
    number: int
    step: int
    started_ms: int
    duration_ms: int
    stages: tuple[Stage, ...]
    exchange: Exchange | None = None
    succeeded: bool
    error: ErrorDetail | None = None
    retry_due_ms: int | None = None


class SkipRecord(Message):
    """A run that ended without being tried: its integration was disabled, or configuration has gone."""

    v: Literal[1] = 1
    kind: Literal["skip"] = "skip"
    run: RunFacts
    step: int
    skipped_ms: int
    status: RunStatus
    reason: str
    body: Body


RunLogRecord = Annotated[MatchRecord | AttemptRecord | SkipRecord, Field(discriminator="kind")]
_RUN_LOG: TypeAdapter[MatchRecord | AttemptRecord | SkipRecord] = TypeAdapter(RunLogRecord)


def decode_run_log(value: bytes) -> MatchRecord | AttemptRecord | SkipRecord:
    """Raises pydantic.ValidationError when the bytes are not a run-log record."""
    return _RUN_LOG.validate_json(value)
