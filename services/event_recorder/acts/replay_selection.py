"""Which runs a replay is about, and whether their integration can be sent to.

*Exactly what was missed, once each.* A replay of many sends each message (``webhook-id``) once: not while another run
of it is under way, not when one was delivered, and of several runs of it in question the oldest.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, exists, func, not_, or_, select, tuple_

from services.event_recorder.core.replay import Selection
from services.event_recorder.schema import integration_states, resources, runs
from shared.core.messages.integration_events import RunStatus
from shared.core.messages.state import IntegrationState
from shared.core.resources import Integration, Kind


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs a replay is about; times in milliseconds since 1970, ``until_ms`` excluded."""

    organization: str
    integration_id: str
    selection: Selection
    since_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Target:
    """An integration as far as the recorder has read: its configuration, null once it was deleted, one past the newest
    configuration seen of it, whether it is enabled, since when (in milliseconds since 1970) and in which epoch; null
    where nobody ever disabled or enabled it."""

    integration: Integration | None
    config_offset: int
    enabled: bool
    since_ms: int | None
    epoch: int | None


def target_of(connection: Connection, organization: str, integration_id: str) -> Target | None:
    """None where no such integration was ever read."""
    found = connection.execute(
        select(resources.c.spec, resources.c.version).where(
            resources.c.organization == organization,
            resources.c.kind == Kind.INTEGRATION.value,
            resources.c.id == integration_id,
        )
    ).one_or_none()
    if found is None:
        return None
    stored = connection.execute(
        select(integration_states.c.state).where(
            integration_states.c.organization == organization, integration_states.c.integration_id == integration_id
        )
    ).scalar_one_or_none()
    integration = None if found.spec is None else Integration.model_validate_json(found.spec)
    if stored is None:
        return Target(integration, found.version + 1, True, None, None)
    state = IntegrationState.model_validate_json(stored)
    return Target(integration, found.version + 1, state.enabled, state.since_ms, state.epoch)


def count_wanted(connection: Connection, wanted: Wanted) -> tuple[int, int | None]:
    """How many runs a replay would send now, and when the oldest of them was created."""
    asked = select(func.count(), func.min(runs.c.created_ms)).where(*conditions_of(wanted))
    count, oldest_ms = connection.execute(asked).one()
    return count, oldest_ms


def conditions_of(wanted: Wanted) -> list[ColumnElement[bool]]:
    """What holds of a run that is to be sent."""
    same = runs.alias("same")
    statuses = [each.value for each in wanted.selection.statuses]

    def in_question(run: Any) -> ColumnElement[bool]:
        return and_(
            run.c.integration_id == wanted.integration_id,
            run.c.status.in_(statuses),
            run.c.created_ms >= wanted.since_ms,
            run.c.created_ms < wanted.until_ms,
        )

    older = tuple_(same.c.created_ms, same.c.run_id) < tuple_(runs.c.created_ms, runs.c.run_id)
    settles = or_(
        same.c.status == RunStatus.COMPLETED.value,
        same.c.outcome_offset.is_(None),
        and_(in_question(same), older),
    )
    return [
        runs.c.organization == wanted.organization,
        in_question(runs),
        not_(
            exists().where(same.c.organization == runs.c.organization, same.c.webhook_id == runs.c.webhook_id, settles)
        ),
    ]
