"""The one fenced writer of the ``config`` topic: many requests, one transaction, one linear history.

Requests wait in a queue; a thread takes all that wait and

1. brings the table to the end of the topic, so that whatever any ingest has acknowledged is judged against;
2. judges every request (`core.config_draft`), each seeing the accepted ones before it;
3. where there is something to write and the epoch is not ours, takes it and goes back to 1 once, since
   another writer may have come in between;
4. writes one transaction and waits until the *own table* has read it: Kafka acknowledges a commit before
   readers see it, and an answer must hold for whoever asks next, here or in another service;
5. answers.

A judgement made in 1-2 cannot be overtaken: a writer that came in between has taken the epoch, and then 4
fails without effect. After a failure the same requests are judged again from 1. Each may be tried for five
seconds, then its sender is told to come back. Requests that only read (an unchanged spec, a stale version)
never take the epoch from another ingest.

A failed commit may have taken effect. Judging again finds that out by itself: the spec is in force already,
and a credential holds the very secret that this request drew.
"""

import logging
import queue
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from services.ingest.config_table import ConfigTable
from services.ingest.core.config_changes import Accepted, Change, Deferred, Done, Judgement, Planned, Refusal
from services.ingest.core.config_draft import ConfigDraft
from shared.adapters import metrics
from shared.adapters.json_logs import log
from shared.adapters.transactional_writer import Fenced
from shared.core.faults import InfrastructureError
from shared.core.records import OutRecord

#: Seconds one request is tried before its sender is told to come back.
TRY_SECONDS = 5.0
#: Requests that may wait; each holds at most one request body.
MAX_WAITING = 1_000
#: Requests judged together at most, which bounds how long the first of them waits for the last.
MAX_TOGETHER = 200
#: Longest pause before the first retry, in seconds; it doubles with every further one and is drawn evenly
#: below that. As long as taking the epoch (measured: 0.2 s), so that of two writers that fence each other one
#: gets through.
_BACKOFF_SECONDS = 0.2
_STEP_SECONDS = 2.0
_IDLE_SECONDS = 0.2

_logger = logging.getLogger("hookfleet.config_writer")


class Unavailable(InfrastructureError):
    """Brokers did not answer, or other writers were always first: the sender should come back."""


class Transactions(Protocol):
    """The right to write, as `shared.adapters.transactional_writer` gives it."""

    @property
    def held(self) -> bool: ...

    def take(self) -> None: ...

    def write(self, records: Sequence[OutRecord]) -> list[int]: ...

    def close(self) -> None: ...


class End(Protocol):
    """Where the topic ends, as `shared.adapters.topic_end` knows."""

    def offset(self, timeout_seconds: float) -> int:
        """The committed end of the topic."""


class Progress(Protocol):
    """How far the table has read, as `shared.adapters.topic_table` knows."""

    def wait_until(self, offset: int, timeout_seconds: float) -> bool:
        """Whether everything below ``offset`` is in the table within the time."""


Answer = tuple[Done, ...] | Refusal


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    change: Change
    answer: Future[Answer]
    deadline: float


class ConfigWriter:
    """Takes changes from any thread; one thread of its own (:meth:`run`) does the work."""

    def __init__(
        self, *, topic: str, table: ConfigTable, progress: Progress, end: End, transactions: Transactions
    ) -> None:
        self._topic = topic
        self._table = table
        self._progress = progress
        self._end = end
        self._transactions = transactions
        self._queue: queue.Queue[_Waiting] = queue.Queue(MAX_WAITING)

    def submit(self, change: Change) -> Future[Answer]:
        """Ask for ``change``. The future gives what was done or why not, or raises Unavailable; cancelled in
        time, the change is not tried at all."""
        waiting = _Waiting(change, Future(), time.monotonic() + TRY_SECONDS)
        try:
            self._queue.put_nowait(waiting)
        except queue.Full:
            waiting.answer.set_exception(Unavailable("too many configuration writes are waiting"))
        return waiting.answer

    def run(self, stop: threading.Event) -> None:
        """The thread's body: until ``stop`` is set and nothing waits."""
        batch: list[_Waiting] = []
        while batch or not (stop.is_set() and self._queue.empty()):
            batch += self._take(MAX_TOGETHER - len(batch), wait=not batch)
            if batch:
                batch = self._serve(batch)
        self._transactions.close()

    def _take(self, limit: int, *, wait: bool) -> list[_Waiting]:
        taken: list[_Waiting] = []
        while len(taken) < limit:
            try:
                waiting = self._queue.get(timeout=_IDLE_SECONDS) if wait and not taken else self._queue.get_nowait()
            except queue.Empty:
                break
            if waiting.answer.set_running_or_notify_cancel():
                taken.append(waiting)
        return taken

    def _serve(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Answer the batch; what must wait for the next transaction comes back."""
        tries = 0
        while batch:
            try:
                return self._try(batch)
            except InfrastructureError as error:
                if isinstance(error, Fenced):
                    metrics.CONFIG_FENCED.inc()
                tries += 1
                log(
                    _logger,
                    logging.WARNING,
                    "config_write_retried",
                    waiting=len(batch),
                    tries=tries,
                    error=type(error).__name__,
                    detail=str(error),
                )
                time.sleep(random.uniform(0, _BACKOFF_SECONDS * 2 ** min(tries - 1, 3)))
            batch = _without_late(batch)
        return []

    def _try(self, batch: list[_Waiting]) -> list[_Waiting]:
        judged, records = self._judge(batch)
        if records and not self._transactions.held:
            self._transactions.take()
            judged, records = self._judge(batch)
        offsets = self._transactions.write(records) if records else []
        if offsets and not self._progress.wait_until(offsets[-1] + 1, _STEP_SECONDS):
            raise Unavailable("the table does not show what was written")
        metrics.CONFIG_WRITES.inc(len(offsets))
        return self._answer(batch, judged, offsets)

    def _judge(self, batch: Sequence[_Waiting]) -> tuple[list[Judgement | Exception], list[OutRecord]]:
        if not self._progress.wait_until(self._end.offset(_STEP_SECONDS), _STEP_SECONDS):
            raise Unavailable("the table is behind its topic")
        with self._table.at_rest() as resources:
            draft = ConfigDraft(resources)
            judged: list[Judgement | Exception] = []
            for waiting in batch:
                try:
                    judged.append(draft.judge(waiting.change))
                except Exception as error:  # noqa: BLE001 - a fault of ours on one request is that request's answer
                    judged.append(error)
            return judged, draft.records(self._topic)

    def _answer(
        self, batch: Sequence[_Waiting], judged: Sequence[Judgement | Exception], offsets: Sequence[int]
    ) -> list[_Waiting]:
        deferred: list[_Waiting] = []
        for waiting, judgement in zip(batch, judged, strict=True):
            match judgement:
                case Deferred():
                    deferred.append(waiting)
                case Accepted():
                    waiting.answer.set_result(tuple(_done(part, offsets) for part in judgement.parts))
                case Exception():
                    waiting.answer.set_exception(judgement)
                case _:
                    waiting.answer.set_result(judgement)
        return deferred


def _done(part: Planned, offsets: Sequence[int]) -> Done:
    version = part.version if part.record is None else offsets[part.record]
    assert version is not None  # `Planned` has the one or the other
    return Done(part.key, part.effect, part.resource, version)


def _without_late(batch: Sequence[_Waiting]) -> list[_Waiting]:
    now = time.monotonic()
    for waiting in batch:
        if now >= waiting.deadline:
            waiting.answer.set_exception(Unavailable("the configuration could not be written in time"))
    return [waiting for waiting in batch if now < waiting.deadline]
