"""A compacted topic held in memory: read whole at start, followed for ever after.

Every worker keeps its own copy, outside any consumer group, so a rebalance does not touch it. ``wait_until`` is how a
reader makes sure that what was acknowledged before its batch applies to its batch: it asks the broker for the end of
the topic and waits, bounded, until the copy is there.

A record that cannot be read is logged and skipped here: every worker reads all of the topic again at each start, so the
one dead letter for it is written by the recorder, which reads the same topic once, as a group.
"""

import logging
import threading
import time
from collections.abc import Callable

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from shared.adapters import metrics
from shared.adapters.broker_patience import poll
from shared.adapters.json_logs import log
from shared.adapters.kafka_clients import partitions_of, read
from shared.core.records import Record
from shared.core.topics import Topic

_POLL_MS = 200
#: Seconds between two questions for the topic's end, by which readers of metrics see how old the copy is.
_ASK_SECONDS = 2.0
_ASK_PATIENCE_MS = 1_000
_logger = logging.getLogger("hookfleet.topic_table")


class TopicTable:
    """Feeds every record of ``topic`` to ``apply``, in order by partition, from one thread (:meth:`run`)."""

    def __init__(self, consumer: KafkaConsumer, topic: Topic, apply: Callable[[Record], None]) -> None:
        self._consumer = consumer
        self.topic = topic
        self._apply = apply
        self._moved = threading.Condition()
        self._positions: dict[int, int] = {}
        self._ready = False
        #: An end that brokers told, when they were asked (monotonic seconds), and since when it is known to be reached.
        self._end_asked: tuple[float, dict[TopicPartition, int]] | None = None
        self._reached_at: float | None = None
        metrics.TABLE_AGE_SECONDS.watch(topic.name, self._age)

    def run(self, stop: threading.Event) -> None:
        """Read to the end, then follow until ``stop``."""
        partitions = partitions_of(self.topic.name, self.topic.partitions)
        self._consumer.assign(partitions)
        self._consumer.seek_to_beginning(*partitions)
        ends = self._consumer.end_offsets(partitions)
        while not stop.is_set():
            for batch in poll(self._consumer, _POLL_MS).values():
                for record in batch:
                    self._take(read(record))
            self._publish_positions(partitions, ends)
            self._ask_for_end(partitions)
        self._consumer.close()

    def _take(self, record: Record) -> None:
        try:
            record.check()
            self._apply(record)
        except Exception as error:  # noqa: BLE001 - an unreadable record must not stop the table
            log(
                _logger,
                logging.ERROR,
                "unreadable_table_record",
                topic=record.topic,
                partition=record.partition,
                offset=record.offset,
                error=type(error).__name__,
            )

    def _publish_positions(self, partitions: list[TopicPartition], ends: dict[TopicPartition, int]) -> None:
        positions = {each.partition: self._consumer.position(each) or 0 for each in partitions}
        with self._moved:
            self._positions = positions
            if not self._ready:
                self._ready = all(positions[each.partition] >= ends[each] for each in partitions)
            self._moved.notify_all()
        metrics.TABLE_OFFSET.labels(self.topic.name).set(sum(positions.values()))

    def _ask_for_end(self, partitions: list[TopicPartition]) -> None:
        asked_at = time.monotonic()
        if self._end_asked is None or asked_at - self._end_asked[0] >= _ASK_SECONDS:
            try:
                self._end_asked = asked_at, self._consumer.end_offsets(partitions, timeout_ms=_ASK_PATIENCE_MS)
            except KafkaError as error:
                if not error.retriable:
                    raise
                return
        told_at, ends = self._end_asked
        if all(self._positions.get(each.partition, 0) >= ends[each] for each in partitions):
            self._reached_at = told_at

    def _age(self) -> metrics.Values:
        reached_at = self._reached_at
        return {} if reached_at is None else {(self.topic.name,): time.monotonic() - reached_at}

    def offset(self, partition: int = 0) -> int:
        """Everything below this offset of ``partition`` has been applied."""
        return self._positions.get(partition, 0)

    def wait_until(self, offset: int, timeout_seconds: float, partition: int = 0) -> bool:
        """Wait until everything below ``offset`` is applied; False when time runs out first."""
        with self._moved:
            return self._moved.wait_for(lambda: self._positions.get(partition, 0) >= offset, timeout=timeout_seconds)

    def wait_ready(self, stop: threading.Event) -> None:
        """Wait until the topic was read to the end it had at start, or ``stop`` is set."""
        with self._moved:
            while not self._ready and not stop.is_set():
                self._moved.wait(timeout=0.5)

    def not_ready(self) -> str | None:
        """A readiness check."""
        return None if self._ready else f"reading {self.topic.name} to its end"
