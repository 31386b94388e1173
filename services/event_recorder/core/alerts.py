"""What somebody should look at, told from integration events.

An alert has an id that follows from what it is about, so the same record gives the same alert however often it is read,
and records about one matter give one alert that lasts from the first to the last of them:

* an integration that was disabled: ERROR, one an epoch; enabling it again resolves it;
* runs of an integration that fail: WARN, one an error type and day (UTC), because the thousandth failure of a receiver
  that is down is no news;
* an integration that was enabled: INFO, one an epoch.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum

from services.event_recorder.core.rows import Resolution, Row, Value
from shared.core.identifiers import alert_id
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    RUN_ERRORS,
    IntegrationDisabled,
    IntegrationEnabled,
    IntegrationEvent,
    RunOutcome,
)


class Severity(StrEnum):
    """How much an alert matters."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class AlertStatus(StrEnum):
    """What has become of an alert. NEW is never stored: it is what nobody has set, or what came again since."""

    NEW = "NEW"
    IN_PROGRESS = "IN PROGRESS"
    RESOLVED = "RESOLVED"


def alert_of(event: IntegrationEvent, message: str, time_ms: int) -> Row | None:
    """The alert that ``event`` of that message and time is about, as far as this event knows it; None when it is no
    matter for one."""
    match event.data:
        case IntegrationDisabled(epoch=epoch):
            return _row(event, Severity.ERROR, str(epoch), message, time_ms)
        case IntegrationEnabled(epoch=epoch):
            return _row(event, Severity.INFO, str(epoch), message, time_ms)
        case RunOutcome() if event.type in RUN_ERRORS:
            day = datetime.fromtimestamp(time_ms / 1000, UTC).date().isoformat()
            return _row(event, Severity.WARN, day, message, time_ms)
        case _:
            return None


def resolutions_of(event: IntegrationEvent, time_ms: int) -> tuple[Resolution, ...]:
    """What ``event`` of that time ends: enabling begins an epoch, and the one before is over."""
    match event.data:
        case IntegrationEnabled(integration_id=integration, epoch=epoch) if epoch > 0:
            ended = alert_id(event.organization, integration, DISABLED_ERROR, str(epoch - 1))
            return (Resolution(event.organization, ended, time_ms),)
        case _:
            return ()


def shown_status(status_set: str | None, status_ms: int | None, last_ms: int) -> AlertStatus:
    """An alert that came again after somebody dealt with it is new again."""
    if status_set is None or status_ms is None or last_ms > status_ms:
        return AlertStatus.NEW
    return AlertStatus(status_set)


def join_alerts(rows: Iterable[Row]) -> list[Row]:
    """Rows of one alert become one; what the last event says describes it."""
    joined: dict[tuple[Value, Value], Row] = {}
    for row in rows:
        key = row["organization"], row["id"]
        joined[key] = _joined(joined[key], row) if key in joined else row
    return list(joined.values())


def _joined(one: Row, other: Row) -> Row:
    first = min(one, other, key=lambda row: _number(row["first_ms"]))
    last = max(one, other, key=lambda row: (_number(row["last_ms"]), str(row["description"])))
    return {**last, "first_ms": first["first_ms"]}


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _row(event: IntegrationEvent, severity: Severity, matter: str, description: str, time_ms: int) -> Row:
    integration = event.data.integration_id
    return {
        "organization": event.organization,
        "id": alert_id(event.organization, integration, event.type, matter),
        "severity": severity.value,
        "type": event.type,
        "integration_id": integration,
        "description": description,
        "first_ms": time_ms,
        "last_ms": time_ms,
    }
