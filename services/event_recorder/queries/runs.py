"""Runs: a listing reads the index of its most selective filter and checks the others."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Final

from sqlalchemy import Connection, func, select

from services.event_recorder.core.cursors import Position
from services.event_recorder.queries.pages import Check, Listing, page_of
from services.event_recorder.queries.reader import Found, Reader
from services.event_recorder.schema import outcomes, runs

SORT = ("created_ms", "run_id")
#: Filters that have an index, in the order of how few runs each leaves: of several given the first one's is read.
_INDEXED: Final = ("origin_run_id", "event_id", "entity_id", "rule_id", "integration_id", "status")
_TIMES: Final = ("since_ms", "until_ms")


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs; None asks for all."""

    integration_id: str | None = None
    rule_id: str | None = None
    entity_type: str | None = None
    entity_id: str | None = None
    status: str | None = None
    event_id: str | None = None
    trigger: str | None = None
    origin_run_id: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class RunPage:
    """``outcomes_read`` counts by run id the outcomes that stand on the topic; the first of them counts."""

    rows: Sequence[Found]
    next: Position | None
    outcomes_read: dict[str, int]


def runs_page(reader: Reader, wanted: RunFilter, limit: int, after: Position | None) -> RunPage:
    """One page of runs."""
    with reader.snapshot() as snapshot:
        page = page_of(snapshot, reader, listing_of(wanted), limit, after)
        return RunPage(page.rows, page.next, outcomes_read(snapshot, reader, page.rows))


def listing_of(wanted: RunFilter) -> Listing:
    """How the runs are read: through which index, and what is checked besides."""
    given = {each.name: getattr(wanted, each.name) for each in fields(wanted) if each.name not in _TIMES}
    checks = {name: _is(name, value) for name, value in given.items() if value is not None}
    through = next((name for name in _INDEXED if name in checks), None)
    indexed = [] if through is None else [checks.pop(through)]
    return Listing(runs, SORT, indexed, list(checks.values()), wanted.since_ms, wanted.until_ms)


def _is(column: str, value: str) -> Check:
    return lambda columns: columns[column] == value


def outcomes_read(snapshot: Connection, reader: Reader, rows: Iterable[Found]) -> dict[str, int]:
    """How many outcomes were read of each of these runs."""
    run_ids = [row["run_id"] for row in rows]
    if not run_ids:
        return {}
    table = outcomes.c
    statement = (
        select(table.run_id, func.count().label("read"))
        .where(reader.owns(outcomes), table.run_id.in_(run_ids))
        .group_by(table.run_id)
    )
    return {row.run_id: row.read for row in snapshot.execute(statement)}
