"""Emptying everything that came of some events, table by table, in one transaction.

An event leads to runs, runs to attempts, skips and outcomes, outcomes to integration events; and those are events
themselves, whose rules may have fired. All of it is followed to its end. What is emptied is remembered by the event's
digest, so that none of its records can come back whichever of them is read first.
"""

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, bindparam, select, tuple_, update

from services.event_recorder.core.removal import EventKey, Kind, digest_of_event, emptied
from services.event_recorder.core.rows import Row, TableName
from services.event_recorder.schema import (
    alerts,
    attempts,
    events,
    integration_events,
    matches,
    outcomes,
    removals,
    runs,
    skips,
)
from services.event_recorder.upserts import keeping

_REMOVALS = keeping(removals)
#: Keys in one statement.
_A_STATEMENT = 200


class EventRemoval:
    """Empties events of one organization. ``removal_id`` is the act that it belongs to; ``key`` is that of digests."""

    def __init__(self, organization: str, key: bytes, removal_id: str, by: str, at_ms: int) -> None:
        self._organization = organization
        self._key = key
        self._removal_id = removal_id
        self._by = by
        self._at_ms = at_ms

    def empty(self, connection: Connection, keys: Iterable[EventKey]) -> int:
        """Empty these events and all that came of them; how many events that were."""
        done: set[EventKey] = set()
        waiting = set(keys)
        while waiting:
            some = sorted(waiting)[:_A_STATEMENT]
            done |= set(some)
            self._remember(connection, some)
            # In the writer's order of tables, so that the two rarely wait for each other in a circle.
            of_events = _is_one_of(runs, "event_id", "event_source", some)
            self._empty_rows(connection, runs, TableName.RUNS, of_events)
            self._empty_rows(connection, events, TableName.EVENTS, _is_one_of(events, "id", "source", some))
            self._empty_rows(
                connection, matches, TableName.MATCHES, _is_one_of(matches, "event_id", "event_source", some)
            )
            led_to = self._empty_parts(connection, of_events)
            waiting = (waiting | led_to) - done
        return len(done)

    def _remember(self, connection: Connection, keys: Collection[EventKey]) -> None:
        rows: list[Row] = [
            {
                "organization": self._organization,
                "id": f"{self._removal_id}/{digest}",
                "kind": Kind.EVENT.value,
                "digest": digest,
                "at_ms": self._at_ms,
                "by": self._by,
            }
            for digest in (digest_of_event(self._key, each) for each in keys)
        ]
        connection.execute(_REMOVALS.statement(connection.dialect.name), _REMOVALS.ready(rows))

    def _empty_parts(self, connection: Connection, of_events: ColumnElement[bool]) -> set[EventKey]:
        """What is recorded of these runs; the integration events that they led to."""
        asked = select(runs.c.run_id).where(runs.c.organization == self._organization, of_events)
        run_ids = sorted(connection.execute(asked).scalars())
        led_to: set[EventKey] = set()
        for first in range(0, len(run_ids), _A_STATEMENT):
            some = run_ids[first : first + _A_STATEMENT]
            for table, name in ((attempts, TableName.ATTEMPTS), (skips, TableName.SKIPS)):
                self._empty_rows(connection, table, name, table.c.run_id.in_(some))
            ended_by = select(outcomes.c.event_id).where(
                outcomes.c.organization == self._organization, outcomes.c.run_id.in_(some)
            )
            told = integration_events.c.id.in_(list(connection.execute(ended_by).scalars()))
            led_to |= self._empty_integration_events(connection, and_(told, integration_events.c.run_id.in_(some)))
        return led_to

    def _empty_integration_events(self, connection: Connection, which: ColumnElement[bool]) -> set[EventKey]:
        table = integration_events.c
        said = connection.execute(
            select(table.id, table.source, table.integration_id, table.message).where(
                table.organization == self._organization, which
            )
        ).all()
        self._empty_rows(connection, integration_events, TableName.INTEGRATION_EVENTS, which)
        for row in said:
            # The alert that these words were taken into.
            told = and_(alerts.c.integration_id == row.integration_id, alerts.c.description == row.message)
            self._empty_rows(connection, alerts, TableName.ALERTS, told)
        return {(row.source, row.id) for row in said}

    def _empty_rows(self, connection: Connection, table: Table, name: TableName, which: ColumnElement[bool]) -> None:
        found = connection.execute(
            select(table).where(table.c.organization == self._organization, which).with_for_update()
        ).mappings()
        changed: list[dict[str, Any]] = []
        columns: list[str] = []
        for row in found:
            after = emptied(name, dict(row))
            difference = {column for column, value in after.items() if value != row[column]}
            if difference:
                columns = [each for each in after if not table.c[each].primary_key]
                changed.append({f"key_{each.name}": row[each.name] for each in table.primary_key} | dict(after))
        if changed:
            connection.execute(
                update(table)
                .where(*(each == bindparam(f"key_{each.name}") for each in table.primary_key))
                .values({each: bindparam(each) for each in columns}),
                changed,
            )


def _is_one_of(table: Table, id_: str, source: str, keys: Collection[EventKey]) -> ColumnElement[bool]:
    return tuple_(table.c[id_], table.c[source]).in_([(event_id, of) for of, event_id in keys])
