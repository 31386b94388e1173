"""kafka-python's producer with a way to hand over many records of one piece of work at once.

``KafkaProducer.send`` checks, measures, hashes and logs each record on its own, and wakes the producer's thread
whenever one begins a new batch, so that what belongs together leaves in many small requests. :meth:`append` puts a
record straight where ``send`` would put it, and :meth:`wake` says once that all are there; between them this was worth
a third of what a record cost (docs/performance.md).

What is taken hold of (the accumulator's ``append``, the sender's ``wakeup``, the cluster metadata) is kafka-python's
own and not documented; the component tests of producing would see it change.
"""

from typing import Any

from kafka import KafkaProducer, TopicPartition

from shared.core.key_hash import partition_of
from shared.core.records import OutRecord

#: A value of no more goes past the producer's own check of a record's size (4 MiB with key and headers), in bytes.
_SURELY_FITS = 1024 * 1024


class BatchProducer(KafkaProducer):  # type: ignore[misc]
    """Not for transactions."""

    def append(self, record: OutRecord) -> Any:
        """The future of one record. It travels after the next :meth:`wake` at the latest."""
        partitions = self._metadata.partitions_for_topic(record.topic)
        if partitions is None or len(record.value or b"") > _SURELY_FITS:
            # It has to wait for metadata, or may be refused.
            return self.send(record.topic, value=record.value, key=record.key, headers=record.headers)
        partition = TopicPartition(record.topic, partition_of(record.key, len(partitions)))
        future, _, _, _ = self._accumulator.append(partition, None, record.key, record.value, record.headers)
        return future

    def wake(self) -> None:
        """Let what was appended go."""
        self._sender.wakeup()
