"""What the writer derives from outcomes and announcements: statistics counted once, alerts that begin and end."""

from __future__ import annotations

from sqlalchemy import Engine, select, update

from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.schema import alerts
from services.event_recorder.writer import Writer
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    ENABLED,
    IntegrationDisabled,
    IntegrationEnabled,
    RunStatus,
)
from shared.core.records import Record
from tests.component.event_recorder.tables import contents
from tests.unit.event_recorder import records

READER = RecordReader(records.TOPICS)


def store(engine: Engine, *batch: Record) -> None:
    assert Writer(engine).write([READER.read(record) for record in batch]) == []


def test_a_run_is_counted_once_however_often_and_however_long_apart_it_ends(engine: Engine) -> None:
    ends = [records.outcome(RunStatus.FAILED, attempts=4, offset=3), records.outcome(attempts=4, offset=7)]
    store(engine, *ends)
    store(engine, records.outcome(attempts=4, offset=9))
    store(engine, *ends)
    (row,) = contents(engine)["run_statistics"]
    assert row[3:] == ("FAILED", 0, 1)


def test_enabling_resolves_what_disabling_alerted_to_unless_somebody_did_later(engine: Engine) -> None:
    def status() -> tuple[str | None, int | None, str | None]:
        with engine.connect() as connection:
            found = select(alerts.c.status_set, alerts.c.status_ms, alerts.c.status_by).where(
                alerts.c.severity == "ERROR"
            )
            one = connection.execute(found).one()
            return one.status_set, one.status_ms, one.status_by

    disabled = records.integration_event(
        DISABLED_ERROR,
        IntegrationDisabled(integration_id="i", epoch=0, since_ms=records.START_MS, reason="r", message="m"),
        "disabled",
    )
    enabled = records.integration_event(
        ENABLED,
        IntegrationEnabled(integration_id="i", epoch=1, since_ms=records.START_MS, requested_by="ada"),
        "enabled",
        time="2027-01-15T08:01:00Z",
        offset=1,
    )
    store(engine, disabled)
    assert status() == (None, None, None)
    store(engine, disabled, enabled)
    assert status() == ("RESOLVED", records.START_MS + 60_000, "hookfleet")
    acted = update(alerts).values(status_set="IN PROGRESS", status_ms=records.START_MS + 70_000, status_by="bob")
    with engine.begin() as connection:
        connection.execute(acted)
    store(engine, disabled, enabled)
    assert status() == ("IN PROGRESS", records.START_MS + 70_000, "bob")
