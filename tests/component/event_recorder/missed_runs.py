"""Runs that were missed or failed, as the fleet records them, and what a test asks to have of them replayed."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from shared.core.messages.delivery import DeliveryRequest
from shared.core.messages.integration_events import RunStatus
from shared.core.messages.run_log import Body
from shared.core.records import Record
from shared.core.resources import Integration
from tests.component.event_recorder.acts_world import World
from tests.unit.event_recorder import records
from tests.unit.event_recorder.records import INTEGRATION, ORGANIZATION, START_MS

SINCE = "2027-01-15T07:00:00Z"
ASKED = {"integration": INTEGRATION, "selection": "missed", "since": SINCE, "rate_per_second": 10}


def event(event_id: str) -> str:
    return (
        f'{{"specversion":"1.0","id":"{event_id}","source":"billing","type":"billing.bill.created",'
        f'"organization":"{ORGANIZATION}","subject":"bill/1","data":{{"n":1}}}}'
    )


def missed(event_id: str, at: int) -> list[Record]:
    """Of a run that was matched ``at`` milliseconds after the start, while its integration was disabled."""
    skip = records.skip(event_id, offset=at)
    said = orjson.loads(skip.value or b"")
    text = event(event_id)
    said["body"] = Body(text=text, size=len(text)).model_dump(exclude_none=True)
    said["run"]["created_ms"] = START_MS + at
    return [
        records.record(skip.topic, skip.key or b"", orjson.dumps(said), at, 2),
        records.outcome(RunStatus.DISABLED, event_id, offset=at, created_ms=START_MS + at, attempts=0),
    ]


def failed(event_id: str, at: int, *, body: Body | None = None) -> list[Record]:
    """Of a run that was matched then, tried and given up."""
    attempt = records.attempt(1, event_id, offset=at, created_ms=START_MS + at)
    if body is not None:
        said = orjson.loads(attempt.value or b"")
        said["exchange"]["request"]["body"] = body.model_dump(exclude_none=True)
        attempt = records.record(attempt.topic, attempt.key or b"", orjson.dumps(said), at, 2)
    return [attempt, records.outcome(RunStatus.FAILED, event_id, offset=at, created_ms=START_MS + at)]


def configured(**changes: object) -> Record:
    record = records.integration_resource("Bills to ERP")
    said = orjson.loads(record.value or b"")
    spec = said["spec"] | changes
    Integration.model_validate(spec)
    return records.record(record.topic, record.key or b"", orjson.dumps(said | {"spec": spec}), 7, 0)


def with_missed(acting: World, count: int) -> list[str]:
    """So many missed runs, stored newest first, and their event ids, oldest first."""
    names = [f"e-{number}" for number in range(count)]
    acting.store(configured(), *[each for at, name in reversed(list(enumerate(names))) for each in missed(name, at)])
    return names


def of(sent: Sequence[DeliveryRequest]) -> list[str]:
    return [each.event.id for each in sent]
