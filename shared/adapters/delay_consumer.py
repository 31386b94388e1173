"""The Kafka loop of a stage that holds records back: each topic's records wait equally long, counted from append.

So the head of a partition is always the next one due, and waiting for it makes nobody wait longer. When a record's time
comes its handler says; one that is malformed need not wait when it has come to the head. A partition whose
records wait in memory is paused until they have gone, so memory is one poll's worth per partition however long the
queue. The broker's append time counts, not a producer's clock.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener

from shared.adapters import metrics
from shared.adapters.batch_consumer import COMMIT_EVERY_SECONDS
from shared.adapters.broker_patience import commit_before_leaving, poll
from shared.adapters.clock import Clock
from shared.adapters.kafka_clients import ends_of, read, restart_at_committed
from shared.adapters.work_gauges import WorkGauges
from shared.core.records import Record

_LONGEST_POLL_MS = 200


class _Listener(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, loop: "DelayConsumer") -> None:
        self._loop = loop

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        offsets = self._loop.take_uncommitted()
        self._loop.assignments += 1
        if offsets:
            await commit_before_leaving(self._loop.consumer, offsets)
        self._loop.waiting.clear()
        self._loop.gauges.dropped(revoked)
        restart_at_committed(self._loop.consumer)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._loop.assigned = True

    async def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self._loop.take_uncommitted()
        self._loop.assignments += 1
        self._loop.waiting.clear()
        self._loop.gauges.dropped(lost)


class DelayConsumer:
    """One member of a group, driven by one thread.

    ``hop_ms`` says when a record's time comes, in milliseconds since 1970. ``handle`` gets records whose time has come
    and returns when what they led to is acknowledged.
    """

    def __init__(
        self,
        consumer: KafkaConsumer,
        topics: Sequence[str],
        hop_ms: Callable[[Record], int],
        handle: Callable[[Sequence[Record]], None],
        clock: Clock,
    ) -> None:
        self.consumer = consumer
        self.assigned = False
        self.assignments = 0
        self.waiting: dict[TopicPartition, deque[Record]] = {}
        self._topics = topics
        self._hop_ms = hop_ms
        self._handle = handle
        self._clock = clock
        self._uncommitted: dict[TopicPartition, OffsetAndMetadata] = {}
        self._committed_at = time.monotonic()
        self.gauges = WorkGauges(consumer.config["group_id"], topics)

    def run(self, stop: threading.Event) -> None:
        self.consumer.subscribe(topics=self._topics, listener=_Listener(self))
        while not stop.is_set():
            polled = poll(self.consumer, self._poll_ms())
            for partition, records in polled.items():
                metrics.CONSUMED.labels(partition.topic).inc(len(records))
                taken = [read(record) for record in records]
                self.gauges.read(partition, taken, due_ms=self._hop_ms(taken[0]))
                self.waiting.setdefault(partition, deque()).extend(taken)
                self.consumer.pause(partition)
            self.gauges.ends(ends_of(self.consumer, polled))
            self._move_due()
            if self._uncommitted and time.monotonic() - self._committed_at >= COMMIT_EVERY_SECONDS:
                self.consumer.commit_async(self.take_uncommitted(), callback=partial(self._committed, self.assignments))
        offsets = self.take_uncommitted()
        if offsets:
            self.consumer.commit(offsets)
        self.consumer.close(autocommit=False)

    def _committed(self, assignments: int, offsets: Mapping[TopicPartition, OffsetAndMetadata], answer: object) -> None:
        """As in `BatchConsumer`: what failed goes into the next commit, unless its partitions have left meanwhile."""
        if isinstance(answer, Exception) and assignments == self.assignments:
            self._uncommitted = {**offsets, **self._uncommitted}

    def _poll_ms(self) -> int:
        now_ms = self._clock()
        heads = (self._hop_ms(records[0]) - now_ms for records in self.waiting.values() if records)
        return max(0, min(_LONGEST_POLL_MS, *heads, _LONGEST_POLL_MS))

    def _move_due(self) -> None:
        now_ms = self._clock()
        due: list[Record] = []
        for records in self.waiting.values():
            while records and self._hop_ms(records[0]) <= now_ms:
                due.append(records.popleft())
        if due:
            self._handle(due)
            moved = {TopicPartition(record.topic, record.partition): record.offset + 1 for record in due}
            self._uncommitted |= {each: OffsetAndMetadata(offset, "", -1) for each, offset in moved.items()}
            self.gauges.finished(moved)
            for partition in moved:
                if left := self.waiting.get(partition):
                    self.gauges.head(partition, left[0], self._hop_ms(left[0]))
        empty = [partition for partition, records in self.waiting.items() if not records]
        for partition in empty:
            del self.waiting[partition]
            self.consumer.resume(partition)

    def take_uncommitted(self) -> dict[TopicPartition, OffsetAndMetadata]:
        """Offsets whose records have moved on and are not yet committed; the caller commits them now."""
        offsets, self._uncommitted = self._uncommitted, {}
        self._committed_at = time.monotonic()
        return offsets

    def not_ready(self) -> str | None:
        """A readiness check."""
        return None if self.assigned else "joining the consumer group of the retry tiers"
