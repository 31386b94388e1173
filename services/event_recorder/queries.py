"""What the API asks of the database. Every question names the organization; every listing is a keyset page.

A page is read through the index that sorts it, from the row after the cursor's, so page one million costs what page one
does. Answers are rows as they are stored; what they look like over HTTP is `presentation`'s affair.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, and_, func, literal, select, tuple_, union

from services.event_recorder.core.cursors import Position
from services.event_recorder.schema import (
    attempts,
    events,
    integration_events,
    matches,
    outcomes,
    resources,
    runs,
    skips,
)
from shared.core.resources import Kind

Found = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """Rows newest first; ``next`` is where the following page begins, None on the last one."""

    rows: Sequence[Found]
    next: Position | None


@dataclass(frozen=True, slots=True)
class RunDetails:
    """One run and everything recorded about it."""

    run: Found
    attempts: Sequence[Found]
    outcomes: Sequence[Found]
    skips: Sequence[Found]


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of one event; each part may be missing while records are still coming in. ``event`` has its
    ``document`` and ``accepted_ms``, and is deleted after a while."""

    event: Found | None
    match: Found | None
    runs: Sequence[Found]


def _superseded_of(run: Any) -> ColumnElement[int]:
    counted = (
        select(func.count())
        .where(outcomes.c.organization == run.organization, outcomes.c.run_id == run.run_id)
        .correlate(runs)
        .scalar_subquery()
    )
    return counted.label("outcomes_read")


_RUNS = select(runs, _superseded_of(runs.c))
_INTEGRATION_EVENTS = (
    select(
        integration_events,
        resources.c.spec.label("integration_spec"),
        runs.c.outcome_offset.label("deciding_offset"),
    )
    .outerjoin(
        resources,
        and_(
            resources.c.organization == integration_events.c.organization,
            resources.c.kind == Kind.INTEGRATION.value,
            resources.c.id == integration_events.c.integration_id,
        ),
    )
    .outerjoin(
        runs,
        and_(
            runs.c.organization == integration_events.c.organization,
            runs.c.run_id == integration_events.c.run_id,
        ),
    )
)


class Queries:
    """Answers for one organization."""

    def __init__(self, engine: Engine, organization: str) -> None:
        self._engine = engine
        self._organization = organization

    def integration_events(
        self, *, kind: str | None, integration_id: str | None, limit: int, after: Position | None
    ) -> Page:
        table = integration_events.c
        statement = _INTEGRATION_EVENTS.where(table.organization == self._organization)
        if kind is not None:
            statement = statement.where(table.type == kind)
        if integration_id is not None:
            statement = statement.where(table.integration_id == integration_id)
        return self._page(statement, (table.time_ms, table.id), limit, after)

    def runs(
        self,
        *,
        integration_id: str | None,
        status: str | None,
        event_id: str | None,
        limit: int,
        after: Position | None,
    ) -> Page:
        statement = _RUNS.where(runs.c.organization == self._organization)
        wanted = {"integration_id": integration_id, "status": status, "event_id": event_id}
        for column, value in wanted.items():
            if value is not None:
                statement = statement.where(runs.c[column] == value)
        return self._page(statement, (runs.c.created_ms, runs.c.run_id), limit, after)

    def run(self, run_id: str) -> RunDetails | None:
        """A run with its attempts, outcomes and skips, each in the order of their topics."""
        with self._engine.connect() as snapshot:
            found = _all(snapshot, _RUNS.where(runs.c.organization == self._organization, runs.c.run_id == run_id))
            if not found:
                return None
            parts = [
                _all(
                    snapshot,
                    select(table)
                    .where(table.c.organization == self._organization, table.c.run_id == run_id)
                    .order_by(table.c.topic_partition, table.c.topic_offset),
                )
                for table in (attempts, outcomes, skips)
            ]
        return RunDetails(found[0], *parts)

    def sources_of(self, event_id: str) -> list[str]:
        """The sources whose events have this id: source and id together name an event."""
        told = (
            (events.c, events.c.source, events.c.id),
            (integration_events.c, integration_events.c.source, integration_events.c.id),
            (matches.c, matches.c.event_source, matches.c.event_id),
            (runs.c, runs.c.event_source, runs.c.event_id),
        )
        known = union(
            *(
                select(source.label("source")).where(table.organization == self._organization, its_id == event_id)
                for table, source, its_id in told
            )
        )
        with self._engine.connect() as snapshot:
            return sorted(str(row["source"]) for row in _all(snapshot, known))

    def trace(self, source: str, event_id: str) -> Trace:
        """Everything known of the event, which may be an integration event: rules match those too."""
        own = self._organization
        statements = (
            select(events.c.document, events.c.accepted_ms).where(
                events.c.organization == own, events.c.id == event_id, events.c.source == source
            ),
            select(integration_events.c.document, integration_events.c.time_ms.label("accepted_ms")).where(
                integration_events.c.organization == own,
                integration_events.c.id == event_id,
                integration_events.c.source == source,
            ),
            select(matches).where(
                matches.c.organization == own,
                matches.c.event_id == event_id,
                matches.c.event_source == source,
            ),
            _RUNS.where(
                runs.c.organization == own, runs.c.event_id == event_id, runs.c.event_source == source
            ).order_by(runs.c.created_ms, runs.c.run_id),
        )
        with self._engine.connect() as snapshot:
            event, integration_event, match, of_event = [_all(snapshot, each) for each in statements]
        return Trace(next(iter(event + integration_event), None), next(iter(match), None), of_event)

    def _page(
        self,
        statement: Select[Any],
        sort: tuple[ColumnElement[int], ColumnElement[str]],
        limit: int,
        after: Position | None,
    ) -> Page:
        time_ms, last = sort
        if after is not None:
            statement = statement.where(tuple_(time_ms, last) < tuple_(literal(after.time_ms), literal(after.id)))
        # One row more than asked for tells whether there is a next page.
        with self._engine.connect() as snapshot:
            rows = _all(snapshot, statement.order_by(time_ms.desc(), last.desc()).limit(limit + 1))
        if len(rows) <= limit:
            return Page(rows, None)
        end = rows[limit - 1]
        return Page(rows[:limit], Position(end[str(time_ms.key)], end[str(last.key)]))


def _all(snapshot: Connection, statement: Any) -> list[Found]:
    return [dict(row) for row in snapshot.execute(statement).mappings()]
