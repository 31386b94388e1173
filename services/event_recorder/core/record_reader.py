"""What each topic's records say, as rows.

One function a topic; a record that cannot be read raises InvalidInput or ValidationError, which its guard makes a dead
letter. Documents are kept as they came (`integration_events`, `events`), so that a later version can read from the
database what this one does not look at.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson

from services.event_recorder.core.alerts import alert_of, resolutions_of
from services.event_recorder.core.event_messages import message_of
from services.event_recorder.core.rows import Fact, Reading, Row, TableName, check_row, clamped_time_ms
from services.event_recorder.core.run_log_reader import read_run_log
from services.event_recorder.core.run_rows import row_of
from services.event_recorder.core.runs import Outcome, Run, RunIdentity
from shared.core import cloud_events
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.integration_events import (
    RUN_OUTCOMES,
    IntegrationEvent,
    RunOutcome,
    decode_integration_event,
)
from shared.core.messages.state import IntegrationState
from shared.core.records import Record
from shared.core.resources import Resource
from shared.core.topics import MAX_EVENT_BYTES, Topics, config_key, integration_key

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
#: As long as the longest subject of an event; an index takes no more than 2,700 bytes.
_ENTITY_ID_CHARACTERS = 512


class RecordReader:
    """Reads the recorded topics: which function reads which."""

    def __init__(self, topics: Topics) -> None:
        self._read_by_topic: dict[str, Callable[[Record], Reading]] = {
            topics.system_events.name: _read_system_event,
            topics.run_log.name: read_run_log,
            topics.integration_events.name: _read_integration_event,
            topics.config.name: _read_resource,
            topics.integration_state.name: _read_state,
        }

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of the topics that are recorded."""
        return tuple(self._read_by_topic)

    def read(self, record: Record) -> Reading:
        """What ``record`` says. Raises InvalidInput or ValidationError when it cannot be read or stored."""
        record.check()
        reading = self._read_by_topic[record.topic](record)
        for fact in reading.facts:
            check_row(fact.row)
        for run in reading.runs:
            check_row(row_of(run))
        return reading


def _position(record: Record) -> Row:
    return {"topic_partition": record.partition, "topic_offset": record.offset}


def _read_system_event(record: Record) -> Reading:
    event = cloud_events.read_record(record.headers, record.value)
    row: Row = {
        "organization": event.organization,
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "subject": event.document.get("subject"),
        "accepted_ms": clamped_time_ms(record.timestamp_ms),
        "document": _document(event, record),
        **_position(record),
    }
    return Reading((Fact(TableName.EVENTS, row),))


def _document(event: cloud_events.CloudEvent, record: Record) -> str:
    """The event as it came, or in structured form; without its payload when that is over the limit for events, which
    only a producer that writes straight onto the topic can exceed."""
    structured = "ce_specversion" not in record.headers
    encoded = record.value if structured and record.value is not None else event.encode()
    if len(encoded) > MAX_EVENT_BYTES:
        payload = ("data", "data_base64")
        encoded = orjson.dumps({name: said for name, said in event.document.items() if name not in payload})
    return encoded.decode()


def _read_integration_event(record: Record) -> Reading:
    event = decode_integration_event(record.value or b"")
    outcome = event.data if event.type in RUN_OUTCOMES and isinstance(event.data, RunOutcome) else None
    time_ms = _time_ms(event, record)
    # A column of its own, to be searched; it stands unchanged in the document.
    message = message_of(event.data).replace("\0", " ")
    row: Row = {
        "organization": event.organization,
        "source": event.source,
        "id": event.id,
        "type": event.type,
        "time_ms": time_ms,
        "integration_id": event.data.integration_id,
        "run_id": outcome.run_id if outcome else None,
        "document": (record.value or b"").decode(),
        **_position(record),
        "message": message,
    }
    facts = [Fact(TableName.INTEGRATION_EVENTS, row)]
    alert = alert_of(event, message, time_ms)
    if alert is not None:
        facts.append(Fact(TableName.ALERTS, alert))
    if outcome is None:
        return Reading(tuple(facts), resolutions=resolutions_of(event, time_ms))
    facts.append(
        Fact(
            TableName.OUTCOMES,
            {
                "organization": event.organization,
                "run_id": outcome.run_id,
                **_position(record),
                "event_id": event.id,
                "type": event.type,
                "status": outcome.status.value,
                "ended_ms": outcome.ended_ms,
            },
        )
    )
    return Reading(tuple(facts), (_run_of_outcome(event.organization, outcome, record.offset),))


def _time_ms(event: IntegrationEvent, record: Record) -> int:
    if not event.time:
        return clamped_time_ms(record.timestamp_ms)
    moment = datetime.fromisoformat(event.time.upper().replace("Z", "+00:00"))
    return clamped_time_ms((moment - _EPOCH) // _MILLISECOND)


def _run_of_outcome(organization: str, said: RunOutcome, offset: int) -> Run:
    return Run(
        RunIdentity.told_by(organization, said),
        outcome=Outcome(
            offset=offset,
            status=said.status,
            attempts=len(said.attempts),
            ended_ms=said.ended_ms,
            error=None if said.error is None else said.error.encode().decode(),
            chain=orjson.dumps(said.chain).decode(),
            entity_type=None if said.entity is None else said.entity.type,
            entity_id=None if said.entity is None else said.entity.id[:_ENTITY_ID_CHARACTERS],
        ),
    )


def _read_resource(record: Record) -> Reading:
    """A tombstone empties the row and leaves its version, so that an older record read late cannot bring it back."""
    kind, organization, resource_id = _key_parts(record, 3)
    row: dict[str, str | int | None] = {
        "organization": organization,
        "kind": kind,
        "id": resource_id,
        "version": record.offset,
        "spec": None,
        "created_ms": None,
        "updated_ms": None,
    }
    if record.value is not None:
        resource = Resource.model_validate_json(record.value)
        _check_key(record, config_key(resource.kind, resource.organization, resource.id))
        row["spec"] = resource.spec.model_dump_json()
        row["created_ms"] = resource.created_ms
        row["updated_ms"] = resource.updated_ms
    return Reading((Fact(TableName.RESOURCES, row),))


def _read_state(record: Record) -> Reading:
    organization, integration_id = _key_parts(record, 2)
    row: dict[str, str | int | None] = {
        "organization": organization,
        "integration_id": integration_id,
        "topic_offset": record.offset,
        "state": None,
    }
    if record.value is not None:
        state = IntegrationState.model_validate_json(record.value)
        _check_key(record, integration_key(state.organization, state.integration_id))
        row["state"] = state.encode().decode()
    return Reading((Fact(TableName.INTEGRATION_STATES, row),))


def _key_parts(record: Record, count: int) -> list[str]:
    parts = (record.key or b"").decode("utf-8", "replace").split("/")
    if len(parts) != count or not all(parts):
        raise InvalidInput([Fault("(key)", f"not {count} parts joined by '/'", "see the topic's key")])
    return parts


def _check_key(record: Record, wanted: bytes) -> None:
    if record.key != wanted:
        raise InvalidInput([Fault("(key)", "names something else than the record holds", "write it under its own key")])
