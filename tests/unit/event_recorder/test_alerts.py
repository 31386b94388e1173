"""Which events are a matter for an alert, and which of them are one matter."""

from __future__ import annotations

from itertools import permutations

import pytest

from services.event_recorder.core.alerts import AlertStatus, join_alerts, shown_status
from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.core.rows import Reading, Row, TableName
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    ENABLE_REQUESTED,
    ENABLED,
    IntegrationDisabled,
    IntegrationEnabled,
    RunStatus,
    StateRequest,
)
from shared.core.records import Record
from tests.unit.event_recorder import records

READER = RecordReader(records.TOPICS)
INTEGRATION = records.INTEGRATION


def disabled(epoch: int) -> Record:
    data = IntegrationDisabled(
        integration_id=INTEGRATION, epoch=epoch, since_ms=records.START_MS, reason="20 failed runs", message="Disabled."
    )
    return records.integration_event(DISABLED_ERROR, data, f"disabled-{epoch}")


def enabled(epoch: int) -> Record:
    data = IntegrationEnabled(integration_id=INTEGRATION, epoch=epoch, since_ms=records.START_MS, requested_by="ada")
    return records.integration_event(ENABLED, data, f"enabled-{epoch}")


def failed(event: str, time: str) -> Record:
    record = records.outcome(RunStatus.FAILED, event)
    return records.record(
        record.topic, record.key or b"", (record.value or b"").replace(b"2027-01-15T08:00:09Z", time.encode()), 0
    )


def alerts(*read: Record) -> list[Row]:
    readings: list[Reading] = [READER.read(record) for record in read]
    facts = [fact for reading in readings for fact in reading.facts]
    return [fact.row for fact in facts if fact.table is TableName.ALERTS]


def test_a_disabled_integration_is_an_error_and_an_enabled_one_is_news() -> None:
    (error,), (news,) = alerts(disabled(3)), alerts(enabled(4))
    assert (error["severity"], error["description"]) == ("ERROR", "Disabled.")
    assert (news["severity"], news["description"]) == ("INFO", "Enabled by ada.")


def test_runs_that_fail_in_one_way_on_one_day_are_one_warning() -> None:
    day = alerts(failed("e-1", "2027-01-15T00:00:00Z"), failed("e-2", "2027-01-15T23:59:59Z"))
    next_day = alerts(failed("e-3", "2027-01-16T00:00:00Z"))
    assert {row["severity"] for row in day} == {"WARN"}
    (one,) = join_alerts(day)
    assert one["last_ms"] == int(str(one["first_ms"])) + 86_399_000
    assert len(join_alerts([*day, *next_day])) == 2


@pytest.mark.parametrize(
    "record",
    [
        records.outcome(RunStatus.COMPLETED),
        records.outcome(RunStatus.DISABLED),
        records.integration_event(
            ENABLE_REQUESTED, StateRequest(integration_id=INTEGRATION, requested_by="ada", reason="fixed"), "asked"
        ),
    ],
)
def test_what_nobody_need_look_at_is_no_alert(record: Record) -> None:
    assert alerts(record) == []


def test_enabling_resolves_the_alert_of_the_epoch_before_and_no_other() -> None:
    ids = {epoch: alerts(disabled(epoch))[0]["id"] for epoch in (3, 4)}
    (resolution,) = READER.read(enabled(4)).resolutions
    assert resolution.alert_id == ids[3] != ids[4]
    assert READER.read(disabled(3)).resolutions == ()


def test_alerts_join_to_the_same_in_any_order() -> None:
    rows = alerts(*(failed(f"e-{hour}", f"2027-01-15T0{hour}:00:00Z") for hour in range(3)))
    rows = [{**row, "description": str(place)} for place, row in enumerate(rows)]
    joined = [join_alerts(order) for order in permutations(rows)]
    assert all(each == joined[0] for each in joined)
    assert joined[0][0]["description"] == "2"


def test_an_alert_that_comes_again_is_new_again() -> None:
    assert shown_status(None, None, 10) is AlertStatus.NEW
    assert shown_status("IN PROGRESS", 10, 10) is AlertStatus.IN_PROGRESS
    assert shown_status("RESOLVED", 10, 11) is AlertStatus.NEW
