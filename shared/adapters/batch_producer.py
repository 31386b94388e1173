"""kafka-python's producer with a way to hand over many records of one piece of work at once.

``KafkaProducer.send`` checks, measures, hashes and logs each record on its own, makes a future for it that has locks
and callbacks of its own, and wakes the producer's thread whenever a record begins a new batch, so that what belongs
together leaves in many small requests. :meth:`append` puts records straight into the batches where ``send`` would put
them and gives the futures of those batches; :meth:`wake` says once that all are there. docs/performance.md has what
that is worth.

Its thread is also taught not to be busy with nothing. kafka-python 3.0 looks again at once, and again, while records
wait behind a request that is under way; with one request at a time, that is whenever there is much to do. And each
look goes through all partitions that were ever produced to, twice. Here it waits for the answer, and looks where
records are.

A batch that a broker finds too large is refused, where kafka-python would divide it and tell the records' own futures.
Batches of several records stay below 128 KiB, so a topic that refuses one takes no event of 256 KiB either.

What is taken hold of (the accumulator's ``append``, its batches and their locks, the sender's ``wakeup``, its client's
connections, the cluster metadata) is kafka-python's own and not documented; the component tests of producing would see
it change.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from math import inf
from typing import Any

from kafka import KafkaProducer, TopicPartition
from kafka.producer.future import RecordMetadata

from shared.core.key_hash import partition_of
from shared.core.records import OutRecord

#: A value of no more goes past the producer's own check of a record's size (4 MiB with key and headers), in bytes.
_SURELY_FITS = 1024 * 1024


class BatchProducer(KafkaProducer):  # type: ignore[misc]
    """Not for transactions."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._sender._can_split = lambda batch, error: False
        self._accumulator._batches = _BatchesByPartition(deque)
        _wait_for_answers(self._sender._client)

    def append(self, records: Sequence[OutRecord]) -> list[Any]:
        """The futures that ``records`` travel with, fewer than records mostly. They travel after the next :meth:`wake`
        at the latest. A future's value is for `refusal_of`."""
        futures: list[Any] = []
        of_partition: dict[TopicPartition, list[OutRecord]] = {}
        for record in records:
            partitions = self._metadata.partitions_for_topic(record.topic)
            if partitions is None or len(record.value or b"") > _SURELY_FITS:
                # It has to wait for metadata, or may be refused. What came before it goes before it.
                futures += self._append_each(of_partition)
                of_partition.clear()
                futures.append(self.send(record.topic, value=record.value, key=record.key, headers=record.headers))
                continue
            partition = TopicPartition(record.topic, partition_of(record.key, len(partitions)))
            of_partition.setdefault(partition, []).append(record)
        futures += self._append_each(of_partition)
        return futures

    def _append_each(self, of_partition: Mapping[TopicPartition, list[OutRecord]]) -> Iterator[Any]:
        for partition, records in of_partition.items():
            yield from self._append_to(partition, records)

    def _append_to(self, partition: TopicPartition, records: list[OutRecord]) -> set[Any]:
        """Each batch is begun by the accumulator, and filled until it is full or the producer's thread takes it."""
        futures = set()
        accumulator, lock = self._accumulator, self._accumulator._tp_lock(partition)
        waiting = deque(records)
        while waiting:
            first = waiting.popleft()
            future, _, _, _ = accumulator.append(partition, None, first.key, first.value, first.headers)
            futures.add(future._produce_future)
            with lock:
                batches = accumulator._batches[partition]
                while waiting and batches:
                    batch, record = batches[-1], waiting[0]
                    if batch.records.append(None, record.key, record.value, record.headers) is None:
                        break
                    waiting.popleft()
                    futures.add(batch.produce_future)
        return futures

    def wake(self) -> None:
        """Let what was appended go."""
        self._sender.wakeup()


class _BatchesByPartition(defaultdict[TopicPartition, deque[Any]]):
    """As the accumulator keeps them, but when asked for its keys it names the partitions where something waits."""

    def keys(self) -> list[TopicPartition]:  # type: ignore[override]
        # Other threads add partitions meanwhile, so what is gone through is a copy.
        return [partition for partition, batches in list(self.items()) if batches]


def _wait_for_answers(client: Any) -> None:
    """Let the producer's thread sleep while all that its broker may have under way is under way. What ends that is an
    answer, and an answer wakes it."""
    until_connected = client.connection_delay

    def delay(node: int) -> float:
        connection = client._manager._conns.get(node)
        return inf if connection is not None and connection.connected else until_connected(node)

    client.connection_delay = delay


def refusal_of(value: object) -> Exception | None:
    """What a future of `BatchProducer.append` came to, by its value: None where all records are acknowledged."""
    if not isinstance(value, tuple) or isinstance(value, RecordMetadata):
        return None
    _, _, exception_of = value
    refusal: Exception | None = None if exception_of is None else exception_of(0)
    return refusal
