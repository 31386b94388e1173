"""The Kafka loop of a stage whose records finish in any order: read ahead, track, commit below the lowest unfinished.

One thread polls; whoever finishes a record says so from any thread. A topic is paused while its reader has no room
for more, so memory is bounded and the backlog stays on the broker as lag. When partitions are revoked, the records
under way get two seconds to finish, awaited so that heartbeats go on; what is not done by then is done again by the
next owner. The long drain belongs to SIGTERM.

A partition that comes to this member is taken up before any record of it is handed out: its commit is read (by hand,
for kafka-python drops commit metadata when it seeks), and the reader learns what predecessors finished there. All new
partitions are taken up together, so that a piece of work is recognised whichever of the topics its copies are on.
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener

from shared.adapters import metrics
from shared.adapters.batch_consumer import COMMIT_EVERY_RECORDS, COMMIT_EVERY_SECONDS
from shared.adapters.broker_patience import commit_before_leaving, committed, poll
from shared.adapters.history_reader import HistoryReader, NewPartition
from shared.adapters.json_logs import log
from shared.adapters.kafka_clients import ends_of, read, restart_at_committed
from shared.adapters.work_gauges import WorkGauges
from shared.core.finished_history import NOTHING, Progress
from shared.core.offset_tracking import OffsetTracker, decode_finished
from shared.core.records import Record

REVOCATION_DRAIN_SECONDS = 2.0
_POLL_MS = 50
_DRAIN_CHECK_SECONDS = 0.02
_logger = logging.getLogger("hookfleet.tracking_consumer")


class Tracker(Protocol):
    """Progress in one partition since it was assigned: `OffsetTracker`, or one that keeps order as well."""

    @property
    def unfinished(self) -> int:
        """Records under way that a drain waits for."""

    def start(self, offset: int) -> bool: ...

    def finish(self, offset: int) -> None: ...

    def commit_point(self) -> tuple[int, str]: ...

    def is_full(self) -> bool: ...


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """Proof that a record was handed out under one assignment of its partition; given back when it is finished."""

    tracker: Tracker
    partition: TopicPartition
    offset: int


class Reader(Protocol):
    """Whoever works on the records. Called from the polling thread; ``forget`` also from the consumer's I/O thread."""

    def has_room(self, topic: str) -> bool: ...

    def took_over(self, partition: int) -> None:
        """A partition is new here: what is remembered of it from an earlier time may not hold any more."""

    def recall(self, finished: Sequence[Record]) -> None:
        """Records that others finished, of partitions that are new here; before any record of those is handed out."""

    def take(self, work: Sequence[tuple[Record, Ticket]]) -> None: ...

    def forget(self, is_lost: "IsLost") -> int:
        """Drop what has not begun and is lost, and say how many; it will be read again by whoever owns it."""


class IsLost(Protocol):
    """Whether a ticket's partition is going away."""

    def __call__(self, ticket: Ticket) -> bool: ...


class _DrainOnRevoke(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, loop: "TrackingConsumer") -> None:
        self._loop = loop

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        await self._loop.give_up(set(revoked))

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._loop.assigned = True

    async def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self._loop.drop(set(lost))


class TrackingConsumer:
    """One member of a group, driven by one thread (:meth:`run`)."""

    def __init__(self, consumer: KafkaConsumer, topics: Sequence[str], reader: Reader, history: HistoryReader) -> None:
        self._consumer = consumer
        self._topics = topics
        self._reader = reader
        self._history = history
        self._lock = threading.Lock()
        self._trackers: dict[TopicPartition, Tracker] = {}
        self._taken_up: set[TopicPartition] = set()
        self._known: dict[TopicPartition, Progress] = {}
        self._changed: set[TopicPartition] = set()
        self._finished_since_commit = 0
        self._committed_at = time.monotonic()
        self.assigned = False
        self._gauges = WorkGauges(consumer.config["group_id"], topics)

    def run(self, stop: threading.Event) -> None:
        """Poll until ``stop``; then let what is under way finish, commit and leave the group."""
        self._consumer.subscribe(topics=self._topics, listener=_DrainOnRevoke(self))
        while not stop.is_set():
            self._pause_where_full()
            polled = poll(self._consumer, self._poll_ms())
            # Rebalances happen inside poll(), so nothing comes or goes until the next one.
            self._take_up(self._consumer.assignment() - self._taken_up, stop)
            if stop.is_set():
                break
            for partition, records in polled.items():
                self._hand_out(partition, [read(record) for record in records])
            if polled:
                self._gauges.ends(ends_of(self._consumer, polled))
            self._commit_if_due()
        forgotten = self._reader.forget(lambda ticket: True)
        while self._under_way(self._trackers.values()) > forgotten:
            # Heartbeats come from the I/O thread; a commit now and then keeps a crash during the drain cheap.
            time.sleep(_DRAIN_CHECK_SECONDS)
            self._commit_if_due()
        points = self._commit_points(set(self._trackers))
        if points:
            self._consumer.commit(points)
        self._consumer.close(autocommit=False)

    def finish(self, ticket: Ticket) -> None:
        """Everything the ticket's record led to is acknowledged. Thread-safe; late tickets are ignored."""
        with self._lock:
            if self._trackers.get(ticket.partition) is ticket.tracker:
                ticket.tracker.finish(ticket.offset)
                self._changed.add(ticket.partition)
                self._finished_since_commit += 1

    def not_ready(self) -> str | None:
        """A readiness check."""
        return None if self.assigned else f"joining the consumer group of {', '.join(self._topics)}"

    def _take_up(self, new: set[TopicPartition], stop: threading.Event) -> None:
        """Begin with ``new`` partitions where their commits say, and let the reader know what is finished there."""
        taken_up: list[NewPartition] = []
        for partition in new:
            self._reader.took_over(partition.partition)
            commit = committed(self._consumer, partition, stop)
            if commit is not None:
                progress = Progress.of_commit(commit.offset, commit.metadata or "")
                self._trackers[partition] = self._new_tracker(partition, commit.offset, commit.metadata or "")
                taken_up.append(NewPartition(partition, progress, self._known.get(partition, NOTHING)))
        self._history.read_back(taken_up, self._reader.recall, stop)
        self._taken_up |= new

    def _hand_out(self, partition: TopicPartition, records: list[Record]) -> None:
        # Without a commit a partition begins wherever its first record is.
        if partition not in self._trackers:
            self._trackers[partition] = self._new_tracker(partition, records[0].offset, "")
        tracker = self._trackers[partition]
        metrics.CONSUMED.labels(partition.topic).inc(len(records))
        self._gauges.read(partition, records)
        with self._lock:
            fresh = [
                (record, Ticket(tracker, partition, record.offset))
                for record in records
                if tracker.start(record.offset)
            ]
            self._changed.add(partition)
        self._reader.take(fresh)

    def _new_tracker(self, partition: TopicPartition, offset: int, metadata: str) -> Tracker:
        """Progress of a partition that begins at this commit."""
        return OffsetTracker(offset, decode_finished(offset, metadata))

    def _pause_where_full(self) -> None:
        assigned = self._consumer.assignment()
        paused = self._consumer.paused()
        with self._lock:
            full = {partition for partition, tracker in self._trackers.items() if tracker.is_full()}
        wanted = {each for each in assigned if each in full or not self._reader.has_room(each.topic)}
        if wanted - paused:
            self._consumer.pause(*(wanted - paused))
        if (paused & assigned) - wanted:
            self._consumer.resume(*((paused & assigned) - wanted))

    def _commit_if_due(self) -> None:
        waited = time.monotonic() - self._committed_at
        if self._changed and (waited >= COMMIT_EVERY_SECONDS or self._finished_since_commit >= COMMIT_EVERY_RECORDS):
            self._commit_now(self._changed)

    def _commit_now(self, partitions: set[TopicPartition]) -> None:
        self._consumer.commit_async(self._commit_points(partitions), callback=self._committed)

    def _poll_ms(self) -> int:
        """Milliseconds to wait for records before commits are looked after again."""
        return _POLL_MS

    def _committed(self, points: Mapping[TopicPartition, OffsetAndMetadata], answer: object) -> None:
        """Called while polling. What failed is committed again, as far as it is by then."""
        if isinstance(answer, Exception):
            with self._lock:
                self._changed |= points.keys() & self._trackers.keys()

    def _commit_points(self, partitions: set[TopicPartition]) -> dict[TopicPartition, OffsetAndMetadata]:
        with self._lock:
            points = {
                partition: OffsetAndMetadata(*self._trackers[partition].commit_point(), -1)
                for partition in partitions
                if partition in self._trackers
            }
            self._changed = self._changed - partitions
            self._finished_since_commit = 0
            self._committed_at = time.monotonic()
        self._gauges.finished({partition: point.offset for partition, point in points.items()})
        return points

    def _under_way(self, trackers: Iterable[Tracker]) -> int:
        with self._lock:
            return sum(tracker.unfinished for tracker in trackers)

    async def give_up(self, revoked: set[TopicPartition]) -> None:
        """Finish what is under way in ``revoked``, two seconds at most, and commit it. On the I/O thread."""
        leaving = [self._trackers[each] for each in revoked if each in self._trackers]
        forgotten = self._reader.forget(lambda ticket: ticket.partition in revoked)
        deadline = time.monotonic() + REVOCATION_DRAIN_SECONDS
        while self._under_way(leaving) > forgotten and time.monotonic() < deadline:
            # kafka-python's loop is its own, not asyncio's, and this is its only way to sleep.
            await self._consumer._net.sleep(_DRAIN_CHECK_SECONDS)
        await self._break_off(revoked)
        points = self._commit_points(revoked)
        if points:
            await commit_before_leaving(self._consumer, points)
        self.drop(revoked)
        restart_at_committed(self._consumer)

    async def _break_off(self, revoked: set[TopicPartition]) -> None:
        """Before partitions are given up; here what is still under way may end elsewhere and later."""

    def drop(self, partitions: set[TopicPartition]) -> None:
        """Partitions are gone: forget what was known of them."""
        self._reader.forget(lambda ticket: ticket.partition in partitions)
        self._taken_up -= partitions
        self._gauges.dropped(partitions)
        unfinished = 0
        with self._lock:
            for partition in partitions & self._trackers.keys():
                tracker = self._trackers.pop(partition)
                unfinished += tracker.unfinished
                self._known[partition] = Progress.of_commit(*tracker.commit_point())
        if unfinished:
            log(_logger, logging.INFO, "revoked_unfinished", records=unfinished)
