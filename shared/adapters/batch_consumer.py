"""The Kafka loop of a stage that works batch by batch: poll, handle, acknowledge, commit last.

The handler returns only when everything its batch led to is safe elsewhere (acknowledged by every replica, committed in
a database). So nothing is ever unfinished while this loop polls, a rebalance needs no drain, and what is committed is
simply what was handled. Commits are batched in time: one every 100 ms or 500 records, and one when partitions leave.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.consumer.subscription_state import AsyncConsumerRebalanceListener

from shared.adapters import metrics
from shared.adapters.broker_patience import commit_before_leaving, poll
from shared.adapters.kafka_clients import ends_of, read
from shared.adapters.work_gauges import WorkGauges
from shared.core.records import Record

COMMIT_EVERY_SECONDS = 0.1
COMMIT_EVERY_RECORDS = 500
_POLL_MS = 100


class CommitOnRevoke(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    """Runs on the consumer's I/O thread, where a blocking commit would deadlock: hence the awaited one."""

    def __init__(self, loop: "BatchConsumer") -> None:
        self._loop = loop

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        offsets = self._loop.take_uncommitted()
        self._loop.assignments += 1
        if offsets:
            await commit_before_leaving(self._loop.consumer, offsets)
        self._loop.gauges.dropped(revoked)

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._loop.assigned = True

    async def on_partitions_lost(self, lost: Iterable[TopicPartition]) -> None:
        self._loop.take_uncommitted()
        self._loop.assignments += 1
        self._loop.gauges.dropped(lost)


class BatchConsumer:
    """One member of a group, driven by one thread."""

    def __init__(
        self,
        consumer: KafkaConsumer,
        topics: Sequence[str],
        handle: Callable[[Sequence[Record]], None],
    ) -> None:
        self.consumer = consumer
        self.assigned = False
        self.assignments = 0
        self._topics = topics
        self._handle = handle
        self._uncommitted: dict[TopicPartition, OffsetAndMetadata] = {}
        self._records_since_commit = 0
        self._committed_at = time.monotonic()
        self.gauges = WorkGauges(consumer.config["group_id"], topics)

    def run(self, stop: threading.Event) -> None:
        self.consumer.subscribe(topics=self._topics, listener=CommitOnRevoke(self))
        while not stop.is_set():
            polled = poll(self.consumer, _POLL_MS)
            batch = [read(record) for records in polled.values() for record in records]
            if batch:
                self._taken(polled, batch)
                self._handle(batch)
                self._handled(polled)
            self._commit_if_due()
        offsets = self.take_uncommitted()
        if offsets:
            self.consumer.commit(offsets)
        self.consumer.close(autocommit=False)

    def _taken(self, polled: Mapping[TopicPartition, Sequence[ConsumerRecord]], batch: Sequence[Record]) -> None:
        begin = 0
        for partition, records in polled.items():
            self.gauges.read(partition, batch[begin : begin + len(records)])
            begin += len(records)
        self.gauges.ends(ends_of(self.consumer, polled))

    def _handled(self, polled: Mapping[TopicPartition, Sequence[ConsumerRecord]]) -> None:
        for partition, records in polled.items():
            self._uncommitted[partition] = OffsetAndMetadata(records[-1].offset + 1, "", -1)
            self._records_since_commit += len(records)
            metrics.CONSUMED.labels(partition.topic).inc(len(records))
        self.gauges.finished({partition: records[-1].offset + 1 for partition, records in polled.items()})

    def _commit_if_due(self) -> None:
        waited = time.monotonic() - self._committed_at
        if self._uncommitted and (waited >= COMMIT_EVERY_SECONDS or self._records_since_commit >= COMMIT_EVERY_RECORDS):
            self.consumer.commit_async(self.take_uncommitted(), callback=partial(self._committed, self.assignments))

    def _committed(self, assignments: int, offsets: Mapping[TopicPartition, OffsetAndMetadata], answer: object) -> None:
        """Called while polling. What failed goes into the next commit, unless its partitions have left meanwhile: their
        next owner may be further."""
        if isinstance(answer, Exception) and assignments == self.assignments:
            self._uncommitted = {**offsets, **self._uncommitted}

    def take_uncommitted(self) -> dict[TopicPartition, OffsetAndMetadata]:
        """Offsets that are handled and not yet committed; the caller commits them now."""
        offsets, self._uncommitted = self._uncommitted, {}
        self._records_since_commit = 0
        self._committed_at = time.monotonic()
        return offsets

    def not_ready(self) -> str | None:
        """A readiness check."""
        return None if self.assigned else f"joining the consumer group of {', '.join(self._topics)}"
