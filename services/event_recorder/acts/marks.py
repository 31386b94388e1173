"""Marking: integration events as actioned or as resolved by hand, alerts as in progress or resolved.

Both marks of an integration event are facts of their own: *actioned* says that somebody dealt with it here, *manually
resolved* that it was put right at the receiver. The first who marks counts; marking again changes nothing and says so.

An alert that goes on after it was marked is NEW again; marking it then is an act anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sqlalchemy import Engine, bindparam, select, tuple_, update

from services.event_recorder.acts.trail import Act, Actor, Step, leave
from services.event_recorder.schema import alerts, integration_events

Key = TypeVar("Key")
EventKey = tuple[str, str]
"""Id and source of an integration event."""

#: The columns that each mark sets.
_COLUMNS = {
    Act.ACTIONED: (integration_events.c.actioned_ms, integration_events.c.actioned_by),
    Act.MANUALLY_RESOLVED: (integration_events.c.resolved_ms, integration_events.c.resolved_by),
}
_ALERT_STATUS = {Act.ALERT_IN_PROGRESS: "IN PROGRESS", Act.ALERT_RESOLVED: "RESOLVED"}
#: Keys in one statement; each is two parameters or one.
_A_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class Marked(Generic[Key]):
    """How many are marked now, how many were before, and which are not there."""

    done: int
    already: int
    unknown: Sequence[Key]


class Marks:
    """``new_id`` gives ids for the rows of the trail."""

    def __init__(self, engine: Engine, new_id: Callable[[], str]) -> None:
        self._engine = engine
        self._new_id = new_id

    def mark_events(self, actor: Actor, act: Act, keys: Sequence[EventKey]) -> Marked[EventKey]:
        """Mark integration events of the actor's organization; ``act`` is ACTIONED or MANUALLY_RESOLVED."""
        marked_ms, marked_by = _COLUMNS[act]
        table = integration_events.c
        # In the order of the key, so that two who mark the same at once cannot wait for each other.
        wanted = sorted(set(keys))
        known: dict[EventKey, bool] = {}
        with self._engine.begin() as connection:
            for first in range(0, len(wanted), _A_STATEMENT):
                found = connection.execute(
                    select(table.id, table.source, marked_ms)
                    .where(
                        table.organization == actor.organization,
                        tuple_(table.id, table.source).in_(wanted[first : first + _A_STATEMENT]),
                    )
                    .order_by(table.id, table.source)
                    .with_for_update()
                )
                known |= {(each.id, each.source): each[2] is not None for each in found}
            fresh = [key for key in wanted if known.get(key) is False]
            if fresh:
                connection.execute(
                    update(integration_events)
                    .where(
                        table.organization == actor.organization,
                        table.id == bindparam("key_id"),
                        table.source == bindparam("key_source"),
                    )
                    .values({marked_ms: actor.at_ms, marked_by: actor.by}),
                    [{"key_id": id_, "key_source": source} for id_, source in fresh],
                )
            steps = [Step(self._new_id(), "integration-event", id_, {"source": source}) for id_, source in fresh]
            leave(connection, actor, act, steps)
        return Marked(len(fresh), len(known) - len(fresh), [key for key in wanted if key not in known])

    def mark_alerts(self, actor: Actor, act: Act, ids: Sequence[str]) -> Marked[str]:
        """Mark alerts of the actor's organization; ``act`` is ALERT_IN_PROGRESS or ALERT_RESOLVED."""
        status = _ALERT_STATUS[act]
        wanted = sorted(set(ids))
        known: dict[str, int | None] = {}
        """When each mark is to say it was made; null for alerts that are marked so already."""
        with self._engine.begin() as connection:
            for first in range(0, len(wanted), _A_STATEMENT):
                found = connection.execute(
                    select(alerts.c.id, alerts.c.status_set, alerts.c.status_ms, alerts.c.last_ms)
                    .where(
                        alerts.c.organization == actor.organization,
                        alerts.c.id.in_(wanted[first : first + _A_STATEMENT]),
                    )
                    .order_by(alerts.c.id)
                    .with_for_update()
                )
                for each in found:
                    is_so = each.status_set == status and (each.status_ms or 0) >= each.last_ms
                    # What happened last may bear the time of a clock that is ahead of ours.
                    known[each.id] = None if is_so else max(actor.at_ms, each.last_ms)
            fresh = [id_ for id_ in wanted if known.get(id_) is not None]
            if fresh:
                connection.execute(
                    update(alerts)
                    .where(
                        alerts.c.organization == actor.organization,
                        alerts.c.id == bindparam("key_id"),
                    )
                    .values(status_set=status, status_ms=bindparam("marked_ms"), status_by=actor.by),
                    [{"key_id": id_, "marked_ms": known[id_]} for id_ in fresh],
                )
            leave(connection, actor, act, [Step(self._new_id(), "alert", id_) for id_ in fresh])
        return Marked(len(fresh), len(known) - len(fresh), [id_ for id_ in wanted if id_ not in known])
