"""The newest run of each integration, or of each rule.

Which there are is read from the configuration, a page of them by id, and the newest run of each through an index: to
find the distinct ids among a million runs would mean to read them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, select

from services.event_recorder.queries.reader import Found, Reader, rows_of
from services.event_recorder.queries.runs import outcomes_read
from services.event_recorder.schema import resources, runs
from shared.core.resources import Kind


class LatestOf(StrEnum):
    """Of what the newest run is asked for."""

    INTEGRATION = "integration"
    RULE = "rule"


@dataclass(frozen=True, slots=True)
class LatestRuns:
    """In the order of the integration's or rule's id; those that never ran are left out. ``next`` is the last id that
    was looked at, None on the last page."""

    rows: Sequence[Found]
    next: str | None
    outcomes_read: dict[str, int]


_COLUMN: Final = {LatestOf.INTEGRATION: runs.c.integration_id, LatestOf.RULE: runs.c.rule_id}
_KIND: Final = {LatestOf.INTEGRATION: Kind.INTEGRATION, LatestOf.RULE: Kind.NOTIFICATION_RULE}


def latest_runs(reader: Reader, of: LatestOf, limit: int, after: str) -> LatestRuns:
    """One page, beginning behind the id ``after`` (empty: with the first)."""
    table = resources.c
    known = (
        select(table.id)
        .where(reader.owns(resources), table.kind == _KIND[of].value, table.id > after)
        .order_by(table.id)
        .limit(limit + 1)
    )
    with reader.snapshot() as snapshot:
        ids = list(snapshot.execute(known).scalars())
        rows = _newest_of_each(snapshot, reader, of, ids[:limit])
        return LatestRuns(rows, ids[limit - 1] if len(ids) > limit else None, outcomes_read(snapshot, reader, rows))


def _newest_of_each(snapshot: Connection, reader: Reader, of: LatestOf, ids: Sequence[str]) -> list[Found]:
    if not ids:
        return []
    each, column = resources.c, _COLUMN[of]
    newest = (
        select(runs.c.run_id)
        .where(reader.owns(runs), column == each.id)
        .order_by(runs.c.created_ms.desc(), runs.c.run_id.desc())
        .limit(1)
        .correlate(resources)
        .scalar_subquery()
    )
    newest_ids = select(newest).where(reader.owns(resources), each.kind == _KIND[of].value, each.id.in_(ids))
    run_ids = [run_id for run_id in snapshot.execute(newest_ids).scalars() if run_id is not None]
    found = rows_of(snapshot, select(runs).where(reader.owns(runs), runs.c.run_id.in_(run_ids)))
    return sorted(found, key=lambda row: str(row[column.key]))
