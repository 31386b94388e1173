"""Writing a topic of which only one process at a time may be the writer.

Kafka fences by transactional id: taking the epoch ends whatever transaction an earlier holder left and makes
its next request fail. A holder keeps the epoch as long as nobody else takes it, so a lone writer pays for it
once. After any failure the producer is thrown away, because kafka-python cannot leave a fatal state, and
whether the last transaction took effect is learned by taking the epoch again (that ends it one way or the
other) and reading the topic.

Not thread-safe: one thread owns it. Its calls block while brokers are away; the caller's callers do the
giving up.
"""

from collections.abc import Sequence

from kafka import KafkaProducer
from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError

from shared.adapters.kafka_clients import producer
from shared.adapters.settings import ServiceSettings
from shared.core.faults import InfrastructureError
from shared.core.records import OutRecord

#: Seconds for brokers to acknowledge the records of one transaction before it is abandoned.
_ACKNOWLEDGE_SECONDS = 5.0
_CLOSE_SECONDS = 0.5


class WriteFailed(InfrastructureError):
    """The epoch was not taken, or a transaction was not acknowledged and may or may not have taken effect."""


class Fenced(WriteFailed):
    """Another process has taken the epoch; the transaction had no effect."""


class TransactionalWriter:
    """The right to write to one partition of one topic, while it lasts."""

    def __init__(self, settings: ServiceSettings, transactional_id: str) -> None:
        self._settings = settings
        self._transactional_id = transactional_id
        self._client: KafkaProducer | None = None

    @property
    def held(self) -> bool:
        """Whether we hold the epoch as far as we know."""
        return self._client is not None

    def take(self) -> None:
        """Take the epoch from whoever holds it. When this returns, every earlier transaction has ended and
        shows in the topic's end offset. Raises WriteFailed."""
        self.close()
        try:
            self._client = producer(self._settings, self._transactional_id)
            self._client.init_transactions()
        except KafkaError as error:
            self.close()
            raise _failure(error) from error

    def write(self, records: Sequence[OutRecord]) -> list[int]:
        """Write ``records`` to partition 0 in one transaction; their offsets, in order.

        Returns when the commit is decided, which is shortly *before* readers see it. Raises WriteFailed, and
        then the epoch is no longer held.
        """
        client = self._client
        if client is None:
            raise WriteFailed("the epoch is not held")
        try:
            client.begin_transaction()
            sent = [
                client.send(record.topic, key=record.key, value=record.value, headers=record.headers, partition=0)
                for record in records
            ]
            offsets = [int(future.get(timeout=_ACKNOWLEDGE_SECONDS).offset) for future in sent]
            client.commit_transaction()
        except KafkaError as error:
            self.close()
            raise _failure(error) from error
        if min(offsets, default=0) < 0:
            # Brokers answer a repeated produce request whose first answer was lost without saying where it
            # went.
            self.close()
            raise WriteFailed("the brokers did not say at which offset the records are")
        return offsets

    def close(self) -> None:
        """Give up the epoch; nobody is told, and nobody needs to be."""
        client, self._client = self._client, None
        if client is None:
            return
        try:
            client.close(timeout=_CLOSE_SECONDS)
        except KafkaError:
            # Closing flushes first, which an abandoned transaction cannot; the client is dropped all the
            # same.
            return


def _failure(error: KafkaError) -> WriteFailed:
    kind = Fenced if isinstance(error, ProducerFencedError | InvalidProducerEpochError) else WriteFailed
    return kind(str(error))
