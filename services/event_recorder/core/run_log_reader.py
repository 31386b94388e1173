"""What the three records of ``run-log`` say, as rows. They inform: no run ends by what is read here."""

from collections.abc import Iterable

from services.event_recorder.core.rows import Fact, Reading, Row, TableName
from services.event_recorder.core.runs import LastAttempt, Run, RunIdentity
from shared.core.messages.base import Message
from shared.core.messages.delivery import Trigger
from shared.core.messages.run_log import (
    AttemptRecord,
    MatchRecord,
    PlannedRun,
    RunFacts,
    SkipRecord,
    decode_run_log,
)
from shared.core.records import Record


def read_run_log(record: Record) -> Reading:
    """Raises ValidationError when it is not a run-log record."""
    match decode_run_log(record.value or b""):
        case MatchRecord() as said:
            return _read_match(record, said)
        case AttemptRecord() as said:
            return _read_attempt(record, said)
        case SkipRecord() as said:
            return _read_skip(record, said)


def _read_match(record: Record, said: MatchRecord) -> Reading:
    row: Row = {
        "organization": said.organization,
        "event_source": said.event.source,
        "event_id": said.event.id,
        "event": _json(said.event),
        "accepted_ms": said.accepted_ms,
        "matched_ms": said.matched_ms,
        "config_offset": said.config_offset,
        "fired": len(said.runs),
        "unevaluable": _json_list(said.unevaluable),
        "topic_partition": record.partition,
        "topic_offset": record.offset,
    }
    return Reading((Fact(TableName.MATCHES, row),), tuple(_planned(said, run) for run in said.runs))


def _planned(said: MatchRecord, run: PlannedRun) -> Run:
    return Run(
        RunIdentity(
            organization=said.organization,
            run_id=run.run_id,
            webhook_id=run.webhook_id,
            integration_id=run.integration_id,
            rule_id=run.rule_id,
            trigger=Trigger.EVENT,
            origin_run_id=None,
            event_source=said.event.source,
            event_id=said.event.id,
            event_type=said.event.type,
            event_subject=said.event.subject,
            event_time=said.event.time,
            accepted_ms=said.accepted_ms,
            created_ms=said.matched_ms,
        )
    )


def _read_attempt(record: Record, said: AttemptRecord) -> Reading:
    error = None if said.error is None else _json(said.error)
    row: Row = {
        **_place(record, said.run),
        "number": said.number,
        "step": said.step,
        "started_ms": said.started_ms,
        "duration_ms": said.duration_ms,
        "stages": _json_list(said.stages),
        "exchange": None if said.exchange is None else _json(said.exchange),
        "succeeded": int(said.succeeded),
        "error": error,
        "retry_due_ms": said.retry_due_ms,
    }
    last = LastAttempt(said.number, record.offset, said.retry_due_ms, error)
    return Reading(
        (Fact(TableName.ATTEMPTS, row),),
        (Run(RunIdentity.told_by(said.run.organization, said.run), last_attempt=last),),
    )


def _read_skip(record: Record, said: SkipRecord) -> Reading:
    """The whole record is kept: replaying what was missed takes the request from here."""
    row: Row = {
        **_place(record, said.run),
        "step": said.step,
        "skipped_ms": said.skipped_ms,
        "status": said.status.value,
        "document": _json(said),
    }
    return Reading((Fact(TableName.SKIPS, row),), (Run(RunIdentity.told_by(said.run.organization, said.run)),))


def _place(record: Record, run: RunFacts) -> Row:
    return {
        "organization": run.organization,
        "run_id": run.run_id,
        "topic_partition": record.partition,
        "topic_offset": record.offset,
    }


def _json(said: Message) -> str:
    return said.encode().decode()


def _json_list(said: Iterable[Message]) -> str:
    return "[" + ",".join(_json(each) for each in said) + "]"
