"""Alerts, newest first by when each first came up.

That time stays where it is while the same alert comes up again, so a page that somebody is reading loses none; the
time it last came up, which moves, is what ``since`` asks about.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_

from services.event_recorder.core.alerts import AlertStatus
from services.event_recorder.core.cursors import Position
from services.event_recorder.queries.configuration import integration_names
from services.event_recorder.queries.pages import Check, Listing, page_of
from services.event_recorder.queries.reader import Found, Reader
from services.event_recorder.schema import alerts

SORT = ("first_ms", "id")


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts; None asks for all. ``since_ms`` is compared with when an alert last came up, ``until_ms`` with when
    it first did: an alert is found when it was there in between."""

    severity: str | None = None
    status: AlertStatus | None = None
    integration_id: str | None = None
    type: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class AlertPage:
    """``names`` are of integrations by id."""

    rows: Sequence[Found]
    next: Position | None
    names: dict[str, str]


def alerts_page(reader: Reader, wanted: AlertFilter, limit: int, after: Position | None) -> AlertPage:
    """One page of alerts."""
    with reader.snapshot() as snapshot:
        page = page_of(snapshot, reader, listing_of(wanted), limit, after)
        names = integration_names(snapshot, reader, (row["integration_id"] for row in page.rows))
        return AlertPage(page.rows, page.next, names)


def listing_of(wanted: AlertFilter) -> Listing:
    """How the alerts are read: through which index, and what is checked besides."""
    indexed: list[Check] = []
    checked: list[Check] = []
    if wanted.integration_id is not None:
        indexed.append(lambda columns: columns.integration_id == wanted.integration_id)
    if wanted.severity is not None:
        checked.append(lambda columns: columns.severity == wanted.severity)
    if wanted.type is not None:
        checked.append(lambda columns: columns.type == wanted.type)
    if wanted.status is not None:
        status = wanted.status
        checked.append(lambda columns: _is_shown_as(columns, status))
    if wanted.since_ms is not None:
        checked.append(lambda columns: columns.last_ms >= wanted.since_ms)
    return Listing(alerts, SORT, indexed, checked, until_ms=wanted.until_ms)


def _is_shown_as(columns: Any, status: AlertStatus) -> ColumnElement[bool]:
    """`core.alerts.shown_status` as a condition."""
    if status is AlertStatus.NEW:
        return or_(columns.status_set.is_(None), columns.last_ms > columns.status_ms)
    set_and_quiet: ColumnElement[bool] = (columns.status_set == status.value) & (columns.last_ms <= columns.status_ms)
    return set_and_quiet
