"""Replayed runs as rows: planned, produced, marked as sent, and what becomes of them.

Planning writes the new runs into ``runs``, where people see them waiting, and into ``replayed_runs``, the outbox, in
one transaction; producing them comes after (`services.event_recorder.acts.replay_worker`). New run ids are derived from
the replay and the origin, so producing twice is producing once. What a replay has planned it does not plan again,
whatever becomes of it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, case, exists, func, not_, or_, select, tuple_

from services.event_recorder.acts.replay_selection import Wanted, conditions_of
from services.event_recorder.acts.tables import replayed_runs
from services.event_recorder.schema import runs
from services.event_recorder.upserts import keeping
from shared.core.identifiers import run_id_of_replay
from shared.core.messages.delivery import Trigger
from shared.core.messages.integration_events import RunStatus

_DELIVERED = RunStatus.COMPLETED.value
#: The replay of a run that was replayed by itself.
ALONE = ""
_NEW_RUNS, _OUTBOX = keeping(runs), keeping(replayed_runs)
#: Columns of a run that say how it went.
_OF_AN_END = (
    "error",
    "last_attempt",
    "last_attempt_offset",
    "last_attempt_error",
    "retry_due_ms",
    "outcome_offset",
    "outcome_attempts",
    "ended_ms",
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A new run that waits to be produced, and since when, in milliseconds since 1970."""

    run_id: str
    origin_run_id: str
    planned_ms: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Runs sent of a replay, and what has become of them."""

    sent: int
    delivered: int
    failed: int

    @property
    def pending(self) -> int:
        return self.sent - self.delivered - self.failed


def next_origins(
    connection: Connection, replay_id: str, wanted: Wanted, after: tuple[int, str] | None, limit: int
) -> list[dict[str, Any]]:
    """Rows of the next ``limit`` runs to be replayed, oldest first, after the place ``after``."""
    known = exists().where(
        replayed_runs.c.organization == runs.c.organization,
        replayed_runs.c.replay_id == replay_id,
        replayed_runs.c.webhook_id == runs.c.webhook_id,
    )
    asked = (
        select(runs).where(*conditions_of(wanted), not_(known)).order_by(runs.c.created_ms, runs.c.run_id).limit(limit)
    )
    if after is not None:
        asked = asked.where(tuple_(runs.c.created_ms, runs.c.run_id) > after)
    return [dict(row) for row in connection.execute(asked).mappings()]


def plan(
    connection: Connection, organization: str, replay_id: str, found: Sequence[dict[str, Any]], now_ms: int
) -> None:
    """Plan a replay's next runs, of the origins ``found``."""
    begun = connection.execute(
        select(func.count()).where(replayed_runs.c.organization == organization, replayed_runs.c.replay_id == replay_id)
    ).scalar_one()
    new_ids = [run_id_of_replay(run["run_id"], replay_id) for run in found]
    _write(connection, list(zip(found, new_ids, strict=True)), replay_id, begun, now_ms)


def plan_one(connection: Connection, run: dict[str, Any], run_id: str, now_ms: int) -> None:
    """Plan a run by itself; planning it again changes nothing."""
    _write(connection, [(run, run_id)], ALONE, 0, now_ms)


def _write(
    connection: Connection, pairs: Sequence[tuple[dict[str, Any], str]], replay_id: str, number: int, now_ms: int
) -> None:
    """New runs of these origins, with their ids, numbered from ``number`` on."""
    waiting = {
        "trigger": Trigger.REPLAY.value,
        "accepted_ms": now_ms,
        "created_ms": now_ms,
        "status": RunStatus.WAITING.value,
        "attempts": 0,
        **dict.fromkeys(_OF_AN_END),
    }
    new = [origin | waiting | {"run_id": run_id, "origin_run_id": origin["run_id"]} for origin, run_id in pairs]
    outbox = [
        {
            "organization": origin["organization"],
            "run_id": run_id,
            "replay_id": replay_id,
            "number": place,
            "origin_run_id": origin["run_id"],
            "webhook_id": origin["webhook_id"],
            "planned_ms": now_ms,
            "sent_ms": None,
        }
        for place, (origin, run_id) in enumerate(pairs, start=number)
    ]
    for rule, rows in ((_NEW_RUNS, new), (_OUTBOX, outbox)):
        connection.execute(rule.statement(connection.dialect.name), rule.ready(rows))


def unsent(connection: Connection, organization: str, replay_id: str, limit: int) -> list[Planned]:
    """Runs that are planned and not known to be produced, in their order."""
    asked = (
        select(replayed_runs.c.run_id, replayed_runs.c.origin_run_id, replayed_runs.c.planned_ms)
        .where(
            replayed_runs.c.organization == organization,
            replayed_runs.c.replay_id == replay_id,
            replayed_runs.c.sent_ms.is_(None),
        )
        .order_by(replayed_runs.c.number, replayed_runs.c.planned_ms, replayed_runs.c.run_id)
        .limit(limit)
    )
    return [Planned(row.run_id, row.origin_run_id, row.planned_ms) for row in connection.execute(asked)]


def mark_sent(connection: Connection, organization: str, run_ids: Collection[str], now_ms: int) -> None:
    """The brokers have these runs."""
    connection.execute(
        replayed_runs.update()
        .where(replayed_runs.c.organization == organization, replayed_runs.c.run_id.in_(run_ids))
        .values(sent_ms=now_ms)
    )


def forget_unsent(connection: Connection, organization: str, replay_id: str) -> None:
    """What was planned and not produced of a replay that was cancelled was never meant to be."""
    while waiting := [each.run_id for each in unsent(connection, organization, replay_id, limit=500)]:
        connection.execute(
            replayed_runs.delete().where(
                replayed_runs.c.organization == organization, replayed_runs.c.run_id.in_(waiting)
            )
        )
        unplan(connection, organization, waiting)


def unplan(connection: Connection, organization: str, run_ids: Collection[str]) -> None:
    """Take runs that were not produced out of the runs again."""
    connection.execute(
        runs.delete().where(
            runs.c.organization == organization,
            runs.c.run_id.in_(run_ids),
            runs.c.last_attempt.is_(None),
            runs.c.outcome_offset.is_(None),
        )
    )


def progress(connection: Connection, organization: str, replay_ids: Sequence[str]) -> dict[str, Progress]:
    """How far each replay is; one that has sent nothing is left out."""
    delivered = func.sum(case((runs.c.status == _DELIVERED, 1), else_=0))
    # A run that could not be produced, because its event was gone by then, stands here and not among the runs.
    ended = func.sum(case((or_(runs.c.outcome_offset.is_not(None), runs.c.run_id.is_(None)), 1), else_=0))
    asked = (
        select(
            replayed_runs.c.replay_id, func.count().label("sent"), delivered.label("delivered"), ended.label("ended")
        )
        .outerjoin(
            runs,
            and_(runs.c.organization == replayed_runs.c.organization, runs.c.run_id == replayed_runs.c.run_id),
        )
        .where(
            replayed_runs.c.organization == organization,
            replayed_runs.c.replay_id.in_(replay_ids),
            replayed_runs.c.sent_ms.is_not(None),
        )
        .group_by(replayed_runs.c.replay_id)
    )
    return {
        row.replay_id: Progress(row.sent, int(row.delivered), int(row.ended) - int(row.delivered))
        for row in connection.execute(asked)
    }
