"""The Kafka loop of a stage whose records finish in any order: read ahead, track, commit below the lowest unfinished.

One thread polls; whoever finishes a record says so from any thread. A topic is paused while its reader has no room
for more, so memory is bounded and the backlog stays on the broker as lag. When partitions are revoked, the records
under way get two seconds to finish, awaited so that heartbeats go on; what is not done by then is done again by the
next owner. The long drain belongs to SIGTERM.

kafka-python drops commit metadata when it seeks, so the finished offsets above the committed one are read by hand.
"""

import logging
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener

from shared.adapters import metrics
from shared.adapters.batch_consumer import COMMIT_EVERY_RECORDS, COMMIT_EVERY_SECONDS
from shared.adapters.json_logs import log
from shared.adapters.kafka_clients import read
from shared.core.offset_tracking import OffsetTracker, decode_finished
from shared.core.records import Record

REVOCATION_DRAIN_SECONDS = 2.0
_POLL_MS = 50
_DRAIN_CHECK_SECONDS = 0.02
_logger = logging.getLogger("hookfleet.tracking_consumer")


@dataclass(frozen=True, slots=True, eq=False)
class Ticket:
    """Proof that a record was handed out under one assignment of its partition; given back when it is finished."""

    tracker: OffsetTracker
    partition: TopicPartition
    offset: int


class Reader(Protocol):
    """Whoever works on the records. Called from the polling thread; ``forget`` also from the consumer's I/O thread."""

    def has_room(self, topic: str) -> bool: ...

    def take(self, work: Sequence[tuple[Record, Ticket]]) -> None: ...

    def forget(self, is_lost: "IsLost") -> None:
        """Drop what has not begun and is lost; it will be read again by whoever owns it."""


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

    def __init__(self, consumer: KafkaConsumer, topics: Sequence[str], reader: Reader) -> None:
        self._consumer = consumer
        self._topics = topics
        self._reader = reader
        self._lock = threading.Lock()
        self._trackers: dict[TopicPartition, OffsetTracker] = {}
        self._changed: set[TopicPartition] = set()
        self._finished_since_commit = 0
        self._committed_at = time.monotonic()
        self.assigned = False

    def run(self, stop: threading.Event) -> None:
        """Poll until ``stop``; then let what is under way finish, commit and leave the group."""
        self._consumer.subscribe(topics=self._topics, listener=_DrainOnRevoke(self))
        while not stop.is_set():
            self._pause_where_full()
            polled = self._consumer.poll(timeout_ms=_POLL_MS)
            for partition, records in polled.items():
                self._hand_out(partition, [read(record) for record in records])
            self._commit_if_due()
        self._reader.forget(lambda ticket: True)
        while self._under_way(self._trackers.values()):
            # Heartbeats come from the I/O thread; a commit now and then keeps a crash during the drain cheap.
            time.sleep(_DRAIN_CHECK_SECONDS)
            self._commit_if_due()
        self._consumer.commit(self._commit_points(set(self._trackers)))
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

    def _hand_out(self, partition: TopicPartition, records: list[Record]) -> None:
        tracker = self._trackers.get(partition)
        if tracker is None:
            committed = self._consumer.committed(partition, metadata=True)
            if committed is None:
                tracker = OffsetTracker(records[0].offset)
            else:
                tracker = OffsetTracker(committed.offset, decode_finished(committed.offset, committed.metadata or ""))
            self._trackers[partition] = tracker
        metrics.CONSUMED.labels(partition.topic).inc(len(records))
        with self._lock:
            fresh = [
                (record, Ticket(tracker, partition, record.offset))
                for record in records
                if tracker.start(record.offset)
            ]
            self._changed.add(partition)
        self._reader.take(fresh)

    def _pause_where_full(self) -> None:
        assigned = self._consumer.assignment()
        paused = self._consumer.paused()
        with self._lock:
            full = {
                partition for partition, tracker in self._trackers.items() if tracker.unfinished and tracker.is_full()
            }
        wanted = {each for each in assigned if each in full or not self._reader.has_room(each.topic)}
        if wanted - paused:
            self._consumer.pause(*(wanted - paused))
        if (paused & assigned) - wanted:
            self._consumer.resume(*((paused & assigned) - wanted))

    def _commit_if_due(self) -> None:
        waited = time.monotonic() - self._committed_at
        if self._changed and (waited >= COMMIT_EVERY_SECONDS or self._finished_since_commit >= COMMIT_EVERY_RECORDS):
            self._consumer.commit_async(self._commit_points(self._changed))

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
        return points

    def _under_way(self, trackers: Iterable[OffsetTracker]) -> bool:
        with self._lock:
            return any(tracker.unfinished for tracker in trackers)

    async def give_up(self, revoked: set[TopicPartition]) -> None:
        """Finish what is under way in ``revoked``, two seconds at most, and commit it. On the I/O thread."""
        leaving = [self._trackers[each] for each in revoked if each in self._trackers]
        self._reader.forget(lambda ticket: ticket.partition in revoked)
        deadline = time.monotonic() + REVOCATION_DRAIN_SECONDS
        while self._under_way(leaving) and time.monotonic() < deadline:
            # kafka-python's loop is its own, not asyncio's, and this is its only way to sleep.
            await self._consumer._net.sleep(_DRAIN_CHECK_SECONDS)
        points = self._commit_points(revoked)
        if points:
            await self._consumer.commit_async(points)
        self.drop(revoked)

    def drop(self, partitions: set[TopicPartition]) -> None:
        """Partitions are gone: forget what was known of them."""
        self._reader.forget(lambda ticket: ticket.partition in partitions)
        with self._lock:
            unfinished = sum(self._trackers.pop(each).unfinished for each in partitions if each in self._trackers)
        if unfinished:
            log(_logger, logging.INFO, "revoked_unfinished", records=unfinished)
