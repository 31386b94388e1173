"""What a consumer loop does while brokers are away or a group is between two assignments: wait, and try again.

kafka-python hands some failures that pass by themselves to whoever happens to be polling: a refused connection while it
looks for the group's coordinator, a request that a restarting broker cut off. Ending the process for them would throw
away what it has under way and move its partitions for nothing.
"""

import logging
import threading
import time
from collections.abc import Mapping, Sequence

from kafka import KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.consumer.fetcher import ConsumerRecord
from kafka.errors import KafkaError

from shared.adapters.json_logs import log

#: Seconds between two polls of brokers that do not answer.
_PAUSE_SECONDS = 0.1
#: Milliseconds that one poll waits for a group to be joined.
_JOIN_POLL_MS = 2_000
_logger = logging.getLogger("hookfleet.broker_patience")


def poll(consumer: KafkaConsumer, timeout_ms: int) -> Mapping[TopicPartition, Sequence[ConsumerRecord]]:
    """Records by partition; none while brokers do not answer. Raises what does not pass by itself.

    A member that has to join its group has no partitions to look after and stays in the poll for longer, because
    kafka-python 3.0 loses a join that is answered while nobody polls. Mostly it joins again, and a leader that joins
    again makes everybody else do so: polled for a millisecond every 0.2 s, a lone member had joined 18 times in 5 s and
    got nothing. And a leader that joins because a topic has changed forgets, by assigning, that it has to: it then
    stays outside for ever, without heartbeats or partitions. Asking for the join keeps it from forgetting.
    """
    coordinator = consumer._coordinator
    if coordinator.need_rejoin() or coordinator.rebalance_in_progress():
        coordinator.request_rejoin()
        timeout_ms = max(timeout_ms, _JOIN_POLL_MS)
    _let_go_of_what_is_read(consumer)
    try:
        polled: Mapping[TopicPartition, Sequence[ConsumerRecord]] = consumer.poll(timeout_ms=timeout_ms)
    except KafkaError as error:
        if not error.retriable:
            raise
        log(_logger, logging.WARNING, "poll_failed", error=str(error))
        time.sleep(_PAUSE_SECONDS)
        return {}
    return polled


def _let_go_of_what_is_read(consumer: KafkaConsumer) -> None:
    """Let records that were set aside by a pause come back after it.

    kafka-python 3.0 sets the rest of a batch aside when its partition is paused in the middle of it, fetches nothing
    for that partition meanwhile, and gives the rest back only while it holds no other batch; but a batch that has
    been read to its end counts as held until the next one comes. Where the other partitions are quiet, that is never.
    """
    fetcher = consumer._fetcher
    if not fetcher._next_partition_records:
        fetcher._next_partition_records = None


def committed(consumer: KafkaConsumer, partition: TopicPartition, stop: threading.Event) -> OffsetAndMetadata | None:
    """The group's commit for ``partition``, asked for until brokers answer; None where there is none or ``stop`` is
    set first. Raises what does not pass by itself."""
    while not stop.is_set():
        try:
            return consumer.committed(partition, metadata=True)
        except KafkaError as error:
            if not error.retriable:
                raise
            log(_logger, logging.WARNING, "commit_not_read", error=str(error))
        stop.wait(_PAUSE_SECONDS)
    return None


async def commit_before_leaving(consumer: KafkaConsumer, offsets: Mapping[TopicPartition, OffsetAndMetadata]) -> None:
    """Commit ``offsets`` of partitions that are being revoked, from a rebalance listener.

    Where that fails the work since the last commit is done again by the next owner. The failure goes no further: what
    a listener raises ends the poll that it interrupts, and the process with it.
    """
    try:
        await consumer.commit_async(offsets)
    except KafkaError as error:
        log(_logger, logging.WARNING, "not_committed_before_leaving", partitions=len(offsets), error=str(error))
