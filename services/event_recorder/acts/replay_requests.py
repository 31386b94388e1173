"""What people ask of replays: one run, many, what is on offer, how far one is, and to stop.

Asking only writes: the new run stands in the outbox when the answer is given, and whichever recorder lives produces it.
A refusal says what stands in the way; an integration that is disabled would end the new run DISABLED at once, so it is
to be enabled first.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.exc import IntegrityError

from services.event_recorder.acts.replay_selection import Target, Wanted, count_wanted, target_of
from services.event_recorder.acts.replay_sources import origins
from services.event_recorder.acts.replayed_runs import Progress, forget_unsent, plan_one, progress
from services.event_recorder.acts.tables import replayed_runs
from services.event_recorder.acts.trail import Act, Actor, Step, leave
from services.event_recorder.core.replay import EventGone, Selection, replay_record
from services.event_recorder.schema import replays, runs
from shared.core.identifiers import replay_id, run_id_of_replay
from shared.core.topics import Topics

RUNNING, DONE, CANCELLED = "RUNNING", "DONE", "CANCELLED"
#: A moment later than any other, in milliseconds since 1970.
_END_OF_TIME = 2**63 - 1


class NotThere(Exception):
    """There is no such run, integration or replay in this organization."""


class Refused(Exception):
    """It cannot be done as things are; the text says why and what would help."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One run, replayed."""

    run_id: str
    origin_run_id: str
    webhook_id: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What a replay of an integration would send; ``since_ms`` is when the oldest of it was created."""

    missed: int
    failed: int
    since_ms: int | None


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay's row, and what has become of the runs it sent."""

    row: dict[str, Any]
    progress: Progress


class ReplayRequests:
    """``reading`` is for what only looks, which may take its time and must not keep a writer waiting. ``wake`` tells
    the worker of this process that there is something to do; ``new_id`` gives ids nobody has."""

    def __init__(
        self, engine: Engine, reading: Engine, topics: Topics, new_id: Callable[[], str], wake: Callable[[], None]
    ) -> None:
        self._engine = engine
        self._reading = reading
        self._topics = topics
        self._new_id = new_id
        self._wake = wake

    def replay_run(self, actor: Actor, run_id: str, idempotency_key: str | None) -> Replayed:
        """Have one run sent again; the same key again has it sent once. Raises NotThere, Refused."""
        new_id = run_id_of_replay(run_id, idempotency_key or self._new_id())
        with self._engine.begin() as connection:
            this = select(runs).where(runs.c.organization == actor.organization, runs.c.run_id == run_id)
            # Held, so that of two requests at once with one key the second finds what the first has planned.
            found = connection.execute(this.with_for_update()).mappings()
            run = next((dict(row) for row in found), None)
            if run is None:
                raise NotThere(f"run {run_id}")
            replayed = Replayed(new_id, run_id, run["webhook_id"])
            if self._is_planned(connection, actor.organization, new_id):
                return replayed
            if run["outcome_offset"] is None:
                raise Refused("The run is under way. Replay it once it has ended.")
            target = self._target(connection, actor.organization, run["integration_id"])
            self._check_event(connection, actor, run_id, new_id, target)
            plan_one(connection, run, new_id, actor.at_ms)
            step = Step(self._new_id(), "run", run_id, {"new_run_id": new_id})
            leave(connection, actor, Act.RUN_REPLAYED, [step])
        self._wake()
        return replayed

    def _check_event(self, connection: Connection, actor: Actor, run_id: str, new_id: str, target: Target) -> None:
        origin = origins(connection, actor.organization, [run_id])[run_id]
        assert target.integration is not None
        try:
            replay_record(
                origin,
                new_id,
                target.integration,
                config_offset=target.config_offset,
                now_ms=actor.at_ms,
                topics=self._topics,
            )
        except EventGone:
            raise Refused(
                "The run's event is no longer kept, and the request cannot be made without it. Send the event again."
            ) from None

    def _is_planned(self, connection: Connection, organization: str, run_id: str) -> bool:
        asked = select(replayed_runs.c.run_id).where(
            replayed_runs.c.organization == organization, replayed_runs.c.run_id == run_id
        )
        return connection.execute(asked).first() is not None

    def _target(self, connection: Connection, organization: str, integration_id: str) -> Target:
        """An integration that can be sent to. Raises Refused."""
        target = target_of(connection, organization, integration_id)
        if target is None or target.integration is None:
            raise Refused(f"The integration {integration_id} was deleted. Create it again to replay its runs.")
        if not target.enabled:
            raise Refused(
                f"The integration {integration_id} is disabled, so nothing would be sent. Enable it first; if that was "
                "done just now, try again in a second."
            )
        return target

    def start(self, actor: Actor, wanted: Wanted, rate_per_second: float, idempotency_key: str | None) -> Replay:
        """Begin a replay of many; the same key again gives the one it began. Raises NotThere, Refused."""
        new_id = self._new_id() if idempotency_key is None else replay_id(actor.organization, idempotency_key)
        asked = {
            "integration_id": wanted.integration_id,
            "selection": wanted.selection.name,
            "since_ms": wanted.since_ms,
            "rate_per_second": rate_per_second,
        }
        with self._reading.connect() as looking:
            total, _ = count_wanted(looking, wanted)
        try:
            with self._engine.begin() as connection:
                known = self._row(connection, actor.organization, new_id)
                if known is not None:
                    if {name: known[name] for name in asked} != asked:
                        raise Refused("This Idempotency-Key began another replay. Send a new key for a new request.")
                    return self._with_progress(connection, known)
                if target_of(connection, actor.organization, wanted.integration_id) is None:
                    raise NotThere(f"integration {wanted.integration_id}")
                self._target(connection, actor.organization, wanted.integration_id)
                row = {
                    "organization": actor.organization,
                    "id": new_id,
                    **asked,
                    "until_ms": wanted.until_ms,
                    "status": RUNNING,
                    "total": total,
                    "sent": 0,
                    "requested_by": actor.by,
                    "requested_ms": actor.at_ms,
                    "updated_ms": actor.at_ms,
                }
                connection.execute(insert(replays), row)
                detail = {"replay_id": new_id, "selection": wanted.selection.value, "total": total}
                step = Step(self._new_id(), "integration", wanted.integration_id, detail)
                leave(connection, actor, Act.REPLAY_STARTED, [step])
        except IntegrityError:
            raise Refused(
                f"Another replay of {wanted.integration_id} is under way. Wait for its end or cancel it."
            ) from None
        self._wake()
        return self.read(actor.organization, new_id)

    def cancel(self, actor: Actor, id_: str) -> Replay:
        """Send no more of a replay; one that has ended stays as it is. Raises NotThere."""
        with self._engine.begin() as connection:
            ended = connection.execute(
                update(replays)
                .where(replays.c.organization == actor.organization, replays.c.id == id_, replays.c.status == RUNNING)
                .values(status=CANCELLED, updated_ms=actor.at_ms, ended_ms=actor.at_ms, detail=None)
            )
            row = self._row(connection, actor.organization, id_)
            if row is None:
                raise NotThere(f"replay {id_}")
            if ended.rowcount:
                leave(connection, actor, Act.REPLAY_CANCELLED, [Step(self._new_id(), "replay", id_)])
                if row["worker"] is None:
                    # Otherwise whoever works it tidies up: it may just be producing.
                    forget_unsent(connection, actor.organization, id_)
        self._wake()
        return self.read(actor.organization, id_)

    def read(self, organization: str, id_: str) -> Replay:
        """Raises NotThere."""
        with self._reading.connect() as connection:
            row = self._row(connection, organization, id_)
            if row is None:
                raise NotThere(f"replay {id_}")
            return self._with_progress(connection, row)

    def offer(self, organization: str, integration_id: str) -> Offer:
        """What a replay of all that is kept would send now. Raises NotThere."""
        with self._reading.connect() as connection:
            if target_of(connection, organization, integration_id) is None:
                raise NotThere(f"integration {integration_id}")
            missed, missed_ms = count_wanted(
                connection, Wanted(organization, integration_id, Selection.MISSED, 0, _END_OF_TIME)
            )
            failed, failed_ms = count_wanted(
                connection, Wanted(organization, integration_id, Selection.FAILED, 0, _END_OF_TIME)
            )
        oldest = [each for each in (missed_ms, failed_ms) if each is not None]
        return Offer(missed, failed, min(oldest, default=None))

    def _row(self, connection: Connection, organization: str, id_: str) -> dict[str, Any] | None:
        asked = select(replays).where(replays.c.organization == organization, replays.c.id == id_)
        return next((dict(row) for row in connection.execute(asked).mappings()), None)

    def _with_progress(self, connection: Connection, row: dict[str, Any]) -> Replay:
        found = progress(connection, row["organization"], [row["id"]])
        return Replay(row, found.get(row["id"], Progress(0, 0, 0)))
