"""Working replays: plan a few runs, produce them at the rate that was asked for, mark them, and so on.

Several recorders may live; one works a replay while it holds the lease, and another takes over when that runs out.
What a worker does outlives it at every point: runs are planned in a transaction, produced, and then marked. Whoever
comes after produces what is not marked; under equal run ids that is no second delivery, as long as it comes within the
fifteen minutes and 100,000 runs that the send stage remembers. After that, what is known to have been attempted is not
produced again.

A replay waits while its integration is disabled: its runs would only end DISABLED once more.
"""

import logging
from collections.abc import Callable, Sequence
from math import ceil
from typing import Any

from sqlalchemy import Connection, Engine, func, or_, select, update

from services.event_recorder.acts.replay_requests import CANCELLED, DONE, RUNNING
from services.event_recorder.acts.replay_selection import Target, Wanted, target_of
from services.event_recorder.acts.replay_sources import origins
from services.event_recorder.acts.replayed_runs import (
    ALONE,
    Planned,
    forget_unsent,
    mark_sent,
    next_origins,
    plan,
    unplan,
    unsent,
)
from services.event_recorder.acts.tables import replayed_runs
from services.event_recorder.core.replay import EventGone, Selection, replay_record
from services.event_recorder.schema import replays, runs
from shared.adapters.clock import Clock
from shared.adapters.json_logs import log
from shared.core.records import OutRecord
from shared.core.token_bucket import TokenBucket
from shared.core.topics import Topics

#: Milliseconds without a word from its worker after which a replay is another's.
LEASE_MS = 5_000
#: Milliseconds from enabling to the first run: workers that still know the integration as disabled wait for the news,
#: but let runs pass by its limits meanwhile.
SETTLE_MS = 1_000
#: Runs produced at once, at most: each may hold two bodies of 256 KiB.
_AT_ONCE = 50
#: Runs planned at once: some seconds' worth, so that little has to be undone when a replay is cancelled.
_PLANNED_AT_ONCE = 200
#: Seconds until a replay that waits is looked at again.
_WAIT_SECONDS = 1.0
_DISABLED = "Waits until the integration is enabled."
_DELETED = "The integration was deleted."
_logger = logging.getLogger("hookfleet.recorder.replays")

_Job = dict[str, Any]


class ReplayWorker:
    """``publish`` returns once the brokers have everything; ``worker`` is this process's name among the recorders.
    ``reading`` is for what looks far, which must not keep a writer waiting."""

    def __init__(
        self,
        engine: Engine,
        reading: Engine,
        topics: Topics,
        publish: Callable[[Sequence[OutRecord]], None],
        clock: Clock,
        worker: str,
    ) -> None:
        self._engine = engine
        self._reading = reading
        self._topics = topics
        self._publish = publish
        self._clock = clock
        self._worker = worker
        self._buckets: dict[tuple[str, str], TokenBucket] = {}

    def step(self) -> float | None:
        """Do what is due; seconds until there is more, None when nobody waits for anything."""
        self._send_single_runs()
        with self._reading.connect() as connection:
            asked = select(replays).where(or_(replays.c.status == RUNNING, replays.c.worker.is_not(None)))
            jobs = [dict(row) for row in connection.execute(asked).mappings()]
        held = {(job["organization"], job["id"]) for job in jobs}
        self._buckets = {key: bucket for key, bucket in self._buckets.items() if key in held}
        return min((self._work(job) for job in jobs), default=None)

    def release(self) -> None:
        """Let others take over at once."""
        with self._engine.begin() as connection:
            connection.execute(
                update(replays)
                .where(replays.c.worker == self._worker, replays.c.status == RUNNING)
                .values(worker=None, lease_until_ms=None)
            )

    def _send_single_runs(self) -> None:
        with self._reading.connect() as connection:
            asked = (
                select(replayed_runs.c.organization)
                .where(replayed_runs.c.replay_id == ALONE, replayed_runs.c.sent_ms.is_(None))
                .distinct()
            )
            organizations = list(connection.execute(asked).scalars())
        for organization in organizations:
            with self._reading.connect() as connection:
                waiting = unsent(connection, organization, ALONE, _AT_ONCE)
                records, gone = self._records(connection, organization, waiting)
            self._send(organization, waiting, records, gone)

    def _work(self, job: _Job) -> float:
        """Seconds until it is to be worked on again."""
        wait_ms = self._still_waits(job)
        if wait_ms:
            return min(wait_ms / 1000, _WAIT_SECONDS)
        with self._engine.begin() as connection:
            if not self._claim(connection, job):
                return _WAIT_SECONDS
            target = target_of(connection, job["organization"], job["integration_id"])
            if job["status"] == RUNNING and (target is None or target.integration is None):
                job |= {"status": CANCELLED, "detail": _DELETED}
            if job["status"] != RUNNING:
                forget_unsent(connection, job["organization"], job["id"])
                self._end(connection, job)
                return 0.0
            if target is not None and not target.enabled:
                self._note(connection, job, detail=_DISABLED)
                return _WAIT_SECONDS
            if target is not None and self._clock() < (target.since_ms or 0) + SETTLE_MS:
                return _WAIT_SECONDS
            waiting = unsent(connection, job["organization"], job["id"], _AT_ONCE)
        if not waiting:
            return self._plan(job)
        wait_ms, allowed = self._allowed(job, len(waiting))
        if not allowed:
            return min(wait_ms / 1000, _WAIT_SECONDS)
        waiting = waiting[:allowed]
        with self._reading.connect() as connection:
            records, gone = self._records(connection, job["organization"], waiting, target)
        self._send(job["organization"], waiting, records, gone, job)
        return 0.0

    def _still_waits(self, job: _Job) -> int:
        """Milliseconds until the next run of a replay that is ours for a while yet: nothing is to be asked or said."""
        now_ms = self._clock()
        bucket = self._buckets.get((job["organization"], job["id"]))
        ours = job["worker"] == self._worker and (job["lease_until_ms"] or 0) > now_ms + LEASE_MS // 2
        return bucket.wait_ms(now_ms) if bucket is not None and ours and job["status"] == RUNNING else 0

    def _claim(self, connection: Connection, job: _Job) -> bool:
        """Take or renew the lease; ``job`` is then as it stands."""
        now_ms = self._clock()
        is_free = or_(replays.c.worker == self._worker, replays.c.worker.is_(None), replays.c.lease_until_ms < now_ms)
        this = (replays.c.organization == job["organization"], replays.c.id == job["id"])
        taken = connection.execute(
            update(replays).where(*this, is_free).values(worker=self._worker, lease_until_ms=now_ms + LEASE_MS)
        )
        if taken.rowcount:
            job |= dict(connection.execute(select(replays).where(*this)).mappings().one())
        return bool(taken.rowcount)

    def _plan(self, job: _Job) -> float:
        """Plan the next runs. When a whole pass from the oldest on finds nothing more, the replay is done: what was
        recorded behind its back while it went on is found by the pass after."""
        wanted = Wanted(
            job["organization"],
            job["integration_id"],
            Selection[job["selection"]],
            job["since_ms"],
            job["until_ms"],
        )
        after = None if job["position_ms"] is None else (job["position_ms"], job["position_id"])
        limit = min(_PLANNED_AT_ONCE, max(1, ceil(job["rate_per_second"])))
        with self._reading.connect() as connection:
            found = next_origins(connection, job["id"], wanted, after, limit)
        with self._engine.begin() as connection:
            # Cancelled or another's since we looked: then nothing is planned.
            if not self._claim(connection, job) or job["status"] != RUNNING:
                return 0.0
            if not found and after is None:
                self._end(connection, job | {"status": DONE})
                return 0.0
            position_ms, position_id = (found[-1]["created_ms"], found[-1]["run_id"]) if found else (None, None)
            if found:
                plan(connection, job["organization"], job["id"], found, self._clock())
            self._note(connection, job, position_ms=position_ms, position_id=position_id, detail=None)
        return 0.0

    def _end(self, connection: Connection, job: _Job) -> None:
        planned = connection.execute(
            select(func.count()).where(
                replayed_runs.c.organization == job["organization"], replayed_runs.c.replay_id == job["id"]
            )
        ).scalar_one()
        self._note(
            connection,
            job,
            status=job["status"],
            detail=job["detail"],
            total=planned if job["status"] == DONE else max(planned, job["total"]),
            ended_ms=job["ended_ms"] or self._clock(),
            worker=None,
            lease_until_ms=None,
        )
        log(_logger, logging.INFO, "replay_ended", replay=job["id"], status=job["status"], sent=job["sent"])

    def _note(self, connection: Connection, job: _Job, **said: object) -> None:
        connection.execute(
            update(replays)
            .where(replays.c.organization == job["organization"], replays.c.id == job["id"])
            .values(updated_ms=self._clock(), **said)
        )

    def _allowed(self, job: _Job, wanted: int) -> tuple[int, int]:
        """Milliseconds until another run may be sent, and how many may now."""
        now_ms, rate = self._clock(), job["rate_per_second"]
        key = job["organization"], job["id"]
        # A tenth of a second at once, so that the pace is even; the worker before may just have sent as many.
        bucket = self._buckets.setdefault(key, TokenBucket(rate, max(1.0, rate / 10), now_ms))
        allowed = 0
        while allowed < wanted and bucket.wait_ms(now_ms) == 0:
            bucket.take()
            allowed += 1
        return bucket.wait_ms(now_ms), allowed

    def _records(
        self, connection: Connection, organization: str, waiting: Sequence[Planned], target: Target | None = None
    ) -> tuple[list[OutRecord], list[str]]:
        """What to produce, and the runs that cannot be."""
        begun = self._begun(connection, organization, waiting)
        found = origins(connection, organization, [each.origin_run_id for each in waiting])
        records: list[OutRecord] = []
        gone: list[str] = []
        for each in waiting:
            if each.run_id in begun:
                continue
            origin = found.get(each.origin_run_id)
            goal = (
                target
                if target is not None or origin is None
                else target_of(connection, organization, origin.integration_id)
            )
            if origin is None or goal is None or goal.integration is None:
                gone.append(each.run_id)
                continue
            try:
                record = replay_record(
                    origin,
                    each.run_id,
                    goal.integration,
                    config_offset=goal.config_offset,
                    now_ms=each.planned_ms,
                    topics=self._topics,
                    enabled_epoch=goal.epoch,
                )
            except EventGone:
                gone.append(each.run_id)
            else:
                records.append(record)
        return records, gone

    def _begun(self, connection: Connection, organization: str, waiting: Sequence[Planned]) -> set[str]:
        """Runs that were produced by a worker which could not mark them: something is known of how they went."""
        asked = select(runs.c.run_id).where(
            runs.c.organization == organization,
            runs.c.run_id.in_([each.run_id for each in waiting]),
            or_(runs.c.last_attempt.is_not(None), runs.c.outcome_offset.is_not(None)),
        )
        return set(connection.execute(asked).scalars())

    def _send(
        self,
        organization: str,
        waiting: Sequence[Planned],
        records: Sequence[OutRecord],
        gone: Sequence[str],
        job: _Job | None = None,
    ) -> None:
        if records:
            self._publish(records)
        with self._engine.begin() as connection:
            mark_sent(connection, organization, [each.run_id for each in waiting], self._clock())
            if gone:
                unplan(connection, organization, gone)
                log(_logger, logging.WARNING, "replay_without_event", organization=organization, runs=len(gone))
            if job is not None:
                self._note(connection, job, sent=replays.c.sent + len(waiting), detail=None)
