"""How runs ended and how long they took, counted by time or by integration.

Counts are kept by the minute (`run_statistics`), so a question reads as many rows as there were minutes in which
something ended, not as many as there were runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from services.event_recorder.core.tallies import Tally
from services.event_recorder.queries.configuration import integration_names
from services.event_recorder.queries.reader import Reader
from services.event_recorder.schema import resources, run_statistics
from shared.core.resources import Kind

_TABLE = run_statistics.c


@dataclass(frozen=True, slots=True)
class IntegrationTallies:
    """Integrations in the order of their ids; ``next`` is the last id on the page, None on the last page."""

    tallies: Mapping[str, Tally]
    names: Mapping[str, str]
    next: str | None


def tallies_by_time(
    reader: Reader, integration_id: str | None, since_ms: int, until_ms: int, step_ms: int
) -> dict[int, Tally]:
    """Tallies by the start of each step in which a run ended, in milliseconds since 1970."""
    conditions = [*_between(reader, since_ms, until_ms)]
    if integration_id is not None:
        conditions.append(_TABLE.integration_id == integration_id)
    start = _TABLE.minute_ms - _TABLE.minute_ms % step_ms
    with reader.snapshot() as snapshot:
        return _tallies(snapshot, start, conditions)


def tallies_by_integration(reader: Reader, since_ms: int, until_ms: int, limit: int, after: str) -> IntegrationTallies:
    """A page of integrations with what ended between the two times, beginning behind the id ``after``. Which there are
    is read from the configuration."""
    table = resources.c
    known = (
        select(table.id)
        .where(reader.owns(resources), table.kind == Kind.INTEGRATION.value, table.id > after)
        .order_by(table.id)
        .limit(limit + 1)
    )
    with reader.snapshot() as snapshot:
        ids: Sequence[str] = list(snapshot.execute(known).scalars())
        shown = ids[:limit]
        conditions = [*_between(reader, since_ms, until_ms), _TABLE.integration_id.in_(shown)]
        found: dict[str, Tally] = _tallies(snapshot, _TABLE.integration_id, conditions) if shown else {}
        names = integration_names(snapshot, reader, shown)
    tallies = {each: found.get(each, Tally()) for each in shown if each in found or each in names}
    return IntegrationTallies(tallies, names, shown[-1] if len(ids) > limit else None)


def _between(reader: Reader, since_ms: int, until_ms: int) -> list[ColumnElement[bool]]:
    return [reader.owns(run_statistics), _TABLE.minute_ms >= since_ms, _TABLE.minute_ms < until_ms]


def _tallies(
    snapshot: Connection, by: ColumnElement[Any], conditions: Sequence[ColumnElement[bool]]
) -> dict[Any, Tally]:
    grouped = (
        select(by.label("group"), _TABLE.status, _TABLE.latency_bucket, func.sum(_TABLE.runs).label("ended"))
        .where(*conditions)
        .group_by(by, _TABLE.status, _TABLE.latency_bucket)
    )
    tallies: dict[Any, Tally] = {}
    for row in snapshot.execute(grouped):
        tallies.setdefault(row.group, Tally()).add(row.status, row.latency_bucket, int(row.ended))
    return tallies
