"""Rows put straight into the tables, for what a test would need many records to bring about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Engine, Table, Text

from services.event_recorder import schema
from shared.core.messages.integration_events import (
    ENABLED,
    IntegrationEnabled,
    IntegrationEvent,
)
from tests.unit.event_recorder.records import INTEGRATION, ORGANIZATION, SOURCE, START_MS

#: A value for every column that a test does not care about.
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "runs": {
        "integration_id": INTEGRATION,
        "trigger": "event",
        "event_source": SOURCE,
        "event_id": "e-1",
        "event_type": "billing.bill.created",
        "accepted_ms": START_MS,
        "created_ms": START_MS,
        "status": "COMPLETED",
        "attempts": 1,
    },
    "integration_events": {
        "source": "hookfleet/dispatcher",
        "type": ENABLED,
        "time_ms": START_MS,
        "integration_id": INTEGRATION,
        "topic_partition": 0,
        "topic_offset": 0,
    },
    "events": {
        "source": SOURCE,
        "type": "billing.bill.created",
        "accepted_ms": START_MS,
        "document": "{}",
        "topic_partition": 0,
        "topic_offset": 0,
    },
    "alerts": {
        "severity": "WARN",
        "type": "integration.perform.error",
        "integration_id": INTEGRATION,
        "description": "The receiver answered 500.",
        "first_ms": START_MS,
        "last_ms": START_MS,
    },
    "run_statistics": {
        "minute_ms": START_MS,
        "integration_id": INTEGRATION,
        "status": "COMPLETED",
        "latency_bucket": 0,
        "runs": 1,
    },
    "trail": {
        "at_ms": START_MS,
        "by": "a key",
        "act": "actioned",
        "subject_kind": "integration-event",
        "subject_id": "x",
        "detail": "{}",
    },
}


def insert(engine: Engine, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows with a default for what they leave out."""
    whole = [{"organization": ORGANIZATION, **_DEFAULTS[table.name], **_derived(table, row), **row} for row in rows]
    with engine.begin() as connection:
        connection.execute(table.insert(), whole)


def whole_row(table: Table, *, organization: str, text: str, ms: int) -> dict[str, Any]:
    """A row with a value in every column: ``text`` in those of text, ``ms`` in those of numbers."""
    row: dict[str, Any] = {
        column.name: text if isinstance(column.type, Text) else ms
        for column in table.columns
        if column.name != "detail"
    }
    return row | {"organization": organization}


def _derived(table: Table, row: Mapping[str, Any]) -> Mapping[str, Any]:
    """What follows from the row itself."""
    if table is schema.runs:
        return {"webhook_id": row["run_id"]}
    if table is schema.integration_events:
        enabled = IntegrationEnabled(integration_id=INTEGRATION, epoch=1, since_ms=START_MS, requested_by="a key")
        said = IntegrationEvent(
            id=row["id"],
            source="hookfleet/dispatcher",
            type=ENABLED,
            organization=ORGANIZATION,
            time="2027-01-15T08:00:00Z",
            data=enabled,
        )
        return {"document": said.encode().decode()}
    return {}
