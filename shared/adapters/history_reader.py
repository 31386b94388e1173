"""Reads back what predecessors finished in partitions that are new to a worker (`shared.core.finished_history`).

With a consumer of its own, outside the group, opened for the occasion and closed after it: the group's consumer keeps
its positions and the group notices nothing. It runs on the polling thread between a rebalance and the first record, so
it ends after `LIMIT_SECONDS` at the latest; what was not read by then is done twice rather than waited for.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kafka import KafkaConsumer, TopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError

from shared.adapters.broker_patience import poll
from shared.adapters.json_logs import log
from shared.adapters.kafka_clients import read
from shared.core.finished_history import Progress, WayBack, unknown
from shared.core.records import Record

#: Seconds for one reading of all new partitions together: half of the shortest session timeout.
LIMIT_SECONDS = 3.0
_POLL_MS = 50
_logger = logging.getLogger("hookfleet.history_reader")


@dataclass(frozen=True, slots=True)
class NewPartition:
    """A partition as it was taken up: what its commit says, and what is known of it from before."""

    partition: TopicPartition
    committed: Progress
    known: Progress


class HistoryReader:
    """``open_consumer`` makes a consumer outside any group."""

    def __init__(self, open_consumer: Callable[[], KafkaConsumer]) -> None:
        self._open_consumer = open_consumer

    def read_back(
        self, partitions: Sequence[NewPartition], give: Callable[[Sequence[Record]], None], stop: threading.Event
    ) -> None:
        """Give the finished records of ``partitions`` that are news, some at a time, in no particular order."""
        spans = {each: unknown(each.committed, each.known) for each in partitions}
        spans = {each: span for each, span in spans.items() if span}
        if not spans:
            return
        started = time.monotonic()
        deadline = started + LIMIT_SECONDS
        given, cut_off = 0, ""
        try:
            consumer = self._open_consumer()
            try:
                ways = _ways(consumer, spans, deadline)
                while ways and not stop.is_set() and time.monotonic() < deadline:
                    given += _read_on(consumer, ways, give)
                cut_off = f"{len(ways)} partitions not read to the end" if ways else ""
            finally:
                consumer.close()
        except KafkaError as error:
            cut_off = type(error).__name__
        log(
            _logger,
            logging.WARNING if cut_off else logging.INFO,
            "read_back",
            partitions=len(spans),
            finished_records=given,
            seconds=round(time.monotonic() - started, 3),
            cut_off=cut_off or None,
        )


def _ways(
    consumer: KafkaConsumer, spans: Mapping[NewPartition, range], deadline: float
) -> dict[TopicPartition, WayBack]:
    """Where to read, without what the brokers no longer keep; the consumer stands at the first windows."""
    first_kept = _first_kept(consumer, [each.partition for each in spans], deadline)
    ways: dict[TopicPartition, WayBack] = {}
    for each, span in spans.items():
        kept = range(max(span.start, first_kept[each.partition]), span.stop)
        if kept:
            ways[each.partition] = WayBack(each.committed, each.known, kept)
    consumer.assign(list(ways))
    for partition, way in ways.items():
        consumer.seek(partition, way.window.start)
    return ways


def _first_kept(
    consumer: KafkaConsumer, partitions: Sequence[TopicPartition], deadline: float
) -> dict[TopicPartition, int]:
    while True:
        left_ms = max(1, int((deadline - time.monotonic()) * 1000))
        try:
            offsets: dict[TopicPartition, int] = consumer.beginning_offsets(partitions, timeout_ms=left_ms)
        except KeyError:
            # kafka-python leaves out a partition whose leader it does not know yet, and stumbles over the gap.
            if time.monotonic() > deadline:
                raise KafkaTimeoutError("leaders of some partitions are unknown") from None
            time.sleep(_POLL_MS / 1000)
        else:
            return offsets


def _read_on(
    consumer: KafkaConsumer, ways: dict[TopicPartition, WayBack], give: Callable[[Sequence[Record]], None]
) -> int:
    """One poll; ways that are at their end are taken out. How many records were given."""
    given = 0
    for partition, records in poll(consumer, _POLL_MS).items():
        way = ways[partition]
        finished = [read(each) for each in records if way.counts(each.offset, each.timestamp)]
        give(finished)
        given += len(finished)
        if records[-1].offset + 1 < way.window.stop:
            continue
        if way.step_back():
            consumer.seek(partition, way.window.start)
        else:
            consumer.pause(partition)
            del ways[partition]
    return given
