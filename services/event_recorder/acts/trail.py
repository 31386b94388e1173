"""Who did what, and when: one row an act and thing, written in the transaction that does it.

So there is no act without its trail and no trail without its act, and an act that changes nothing, because it was done
before, leaves none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Connection, insert

from services.event_recorder.schema import trail


class Act(StrEnum):
    """Every act that leaves a trail."""

    ACTIONED = "actioned"
    MANUALLY_RESOLVED = "manually-resolved"
    ALERT_IN_PROGRESS = "alert-in-progress"
    ALERT_RESOLVED = "alert-resolved"
    RUN_REPLAYED = "run-replayed"
    REPLAY_STARTED = "replay-started"
    REPLAY_CANCELLED = "replay-cancelled"
    REMOVAL_REQUESTED = "removal-requested"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for which organization, and when, in milliseconds since 1970."""

    organization: str
    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that was acted on. ``id`` is that of the trail's row."""

    id: str
    subject_kind: str
    subject_id: str
    detail: Mapping[str, Any] | None = None


def leave(connection: Connection, actor: Actor, act: Act, steps: Iterable[Step]) -> None:
    """Write that ``actor`` did ``act`` to each of ``steps``."""
    rows = [
        {
            "organization": actor.organization,
            "at_ms": actor.at_ms,
            "id": step.id,
            "by": actor.by,
            "act": act.value,
            "subject_kind": step.subject_kind,
            "subject_id": step.subject_id,
            "detail": None if step.detail is None else orjson.dumps(step.detail).decode(),
        }
        for step in steps
    ]
    if rows:
        connection.execute(insert(trail), rows)
