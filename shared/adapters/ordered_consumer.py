"""The Kafka loop of a stage that keeps order: what is committed decides what may begin.

Three things go beyond `shared.adapters.tracking_consumer`. A commit that a record waits for goes out at once, and the
trackers are told when it is acknowledged. Membership is proven: a commit that the brokers acknowledge shows that the
partitions were still ours when it was sent, so `is_confirmed` holds for half a session timeout from then, well before
they could be anybody else's; a worker that was stopped, or cut off from the brokers, finds it untrue. And partitions
are given up only when nothing of theirs is on the wire any more: what does not end within the drain is broken off.
"""

import threading
import time
from collections.abc import Mapping, Sequence, Set
from functools import partial
from typing import Protocol

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition

from shared.adapters.history_reader import HistoryReader
from shared.adapters.tracking_consumer import Reader, Tracker, TrackingConsumer

#: Milliseconds between two looks at commits while one is wanted or may soon be: this is added to every record of a key.
_BUSY_POLL_MS = 5
_BREAK_OFF_CHECK_SECONDS = 0.02
#: A commit shows that the last heartbeat was no older than the heartbeats' interval, a fifth of the session timeout; so
#: nobody else can have our partitions before four fifths of it have passed. Some of that is left for breaking off.
_SAFE_PART_OF_SESSION = 0.75


class Partition(Protocol):
    """A partition of a topic, as kafka-python names it."""

    @property
    def topic(self) -> str: ...

    @property
    def partition(self) -> int: ...

    def __hash__(self) -> int: ...


class OrderedTracker(Tracker, Protocol):
    """A tracker whose records wait for commits."""

    @property
    def ends(self) -> int:
        """How many records have ended so far; all of them are in a commit point taken from now on."""

    def acknowledged(self, ends: int) -> None:
        """A commit point taken when `ends` was ``ends`` is safe."""

    def waits_for_commit(self) -> bool: ...


class OrderedReader(Reader, Protocol):
    """Whoever works on the records, in the order of their keys."""

    def begin_with(self, partition: Partition, offset: int, metadata: str) -> OrderedTracker:
        """A partition is new here, at this commit. Called from the polling thread."""

    def break_off(self, partitions: Set[Partition]) -> bool:
        """Break off what is on the wire of ``partitions``; True when nothing is. Called from the I/O thread, again and
        again until it is true."""

    def confirmed(self) -> None:
        """A commit was acknowledged: what waited for it, or for `OrderedConsumer.is_confirmed`, may begin. Called from
        the polling thread."""


class OrderedConsumer(TrackingConsumer):
    """One member of a group, driven by one thread. Trackers are guarded by ``lock``, which the reader uses too."""

    def __init__(
        self,
        consumer: KafkaConsumer,
        topics: Sequence[str],
        reader: OrderedReader,
        history: HistoryReader,
        *,
        lock: threading.Lock,
        session_timeout_seconds: float,
    ) -> None:
        super().__init__(consumer, topics, reader, history)
        self._lock = lock
        self._ordered_reader = reader
        self._ordered: dict[TopicPartition, OrderedTracker] = {}
        self._session_seconds = session_timeout_seconds
        self._confirmation_seconds = session_timeout_seconds / 2
        self._confirmed_at = float("-inf")
        self._confirmation_asked = False

    def is_confirmed(self) -> bool:
        """Whether the partitions held here are surely still ours. Asks for a new confirmation when they are not: the
        reader's `confirmed` follows. Thread-safe."""
        if time.monotonic() - self._confirmed_at < self._confirmation_seconds:
            return True
        self._confirmation_asked = bool(self._ordered)
        return False

    def may_be_lost(self) -> bool:
        """Whether the partitions held here could be somebody else's before long: what is on the wire must end."""
        return time.monotonic() - self._confirmed_at > self._session_seconds * _SAFE_PART_OF_SESSION

    def changed(self, partition: Partition) -> None:
        """The partition's tracker says something new, to be committed. Thread-safe; of others it is ignored."""
        with self._lock:
            if partition in self._trackers:
                self._changed.add(partition)

    def _new_tracker(self, partition: TopicPartition, offset: int, metadata: str) -> Tracker:
        tracker = self._ordered[partition] = self._ordered_reader.begin_with(partition, offset, metadata)
        return tracker

    def _poll_ms(self) -> int:
        with self._lock:
            busy = self._confirmation_asked or any(
                tracker.unfinished or tracker.waits_for_commit() for tracker in self._ordered.values()
            )
        return _BUSY_POLL_MS if busy else super()._poll_ms()

    def _commit_if_due(self) -> None:
        with self._lock:
            awaited = {partition for partition in self._changed if self._waits(partition)}
        # A quarter, so that a confirmation in use is renewed before it ends.
        is_old = time.monotonic() - self._committed_at > self._confirmation_seconds / 4
        if awaited:
            self._commit_now(awaited)
        elif self._ordered and (is_old or (self._confirmation_asked and not self._is_asking())):
            self._commit_now(set(self._ordered))
        else:
            super()._commit_if_due()

    def _waits(self, partition: TopicPartition) -> bool:
        tracker = self._ordered.get(partition)
        return tracker is not None and tracker.waits_for_commit()

    def _is_asking(self) -> bool:
        """Whether a commit went out so lately that its answer may still be on its way."""
        return time.monotonic() - self._committed_at < self._confirmation_seconds / 20

    def _commit_now(self, partitions: set[TopicPartition]) -> None:
        with self._lock:
            # Before the points are taken: what ends in between may be in them but does not count as such.
            ends = {each: self._ordered[each].ends for each in partitions if each in self._ordered}
        trackers = {each: self._ordered[each] for each in ends}
        sent_at = time.monotonic()
        points = self._commit_points(partitions)
        self._consumer.commit_async(points, callback=partial(self._answered, sent_at, trackers, ends))

    def _answered(
        self,
        sent_at: float,
        trackers: Mapping[TopicPartition, OrderedTracker],
        ends: Mapping[TopicPartition, int],
        points: Mapping[TopicPartition, OffsetAndMetadata],
        answer: object,
    ) -> None:
        super()._committed(points, answer)
        if isinstance(answer, Exception):
            return
        with self._lock:
            for partition, tracker in trackers.items():
                tracker.acknowledged(ends[partition])
            self._confirmed_at = max(self._confirmed_at, sent_at)
            self._confirmation_asked = False
        self._ordered_reader.confirmed()

    async def _break_off(self, revoked: set[TopicPartition]) -> None:
        while not self._ordered_reader.break_off(revoked):
            await self._consumer._net.sleep(_BREAK_OFF_CHECK_SECONDS)

    def drop(self, partitions: set[TopicPartition]) -> None:
        self._ordered_reader.break_off(partitions)
        super().drop(partitions)
        for partition in partitions & self._ordered.keys():
            del self._ordered[partition]
