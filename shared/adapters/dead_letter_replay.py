"""Writing dead letters back to where they came from, each one once, however often and by however many it is tried.

A record and the `Replay` that says so are written in one transaction: there is no moment at which one of them is there
without the other, whatever dies. Two operators at the same time share one transactional id, so the later one fences
the earlier. What was replayed before is known only by reading the dead letters *after* :meth:`DeadLetterReplay.take`:
until then an earlier transaction may still be ending.

All consumers of ours read only committed records, the disabler excepted, which may see a record of a transaction that
was abandoned; it counts a run's outcome once, so that changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaProducer
from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError

from shared.adapters.kafka_clients import producer
from shared.adapters.settings import ServiceSettings
from shared.core.dead_letters import REPLAYED_HEADER, DeadLetter, Replay
from shared.core.faults import InfrastructureError

#: Seconds for brokers to acknowledge the records of one transaction.
_ACKNOWLEDGE_SECONDS = 30.0
_CLOSE_SECONDS = 1.0


class ReplayFailed(InfrastructureError):
    """A transaction was not acknowledged. It is ended, one way or the other, by the next `take`."""


class OthersReplay(ReplayFailed):
    """Somebody else has begun to replay; the transaction had no effect."""


@dataclass(frozen=True, slots=True)
class Written:
    """A dead letter and the value to write: its own, or a corrected one."""

    letter: DeadLetter
    value: bytes | None


class DeadLetterReplay:
    """The right to replay, while it lasts."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._topic = settings.topics().dead_letters.name
        self._client: KafkaProducer = producer(settings, f"{settings.topic_prefix}hookfleet-dead-letter-replay")

    def take(self) -> None:
        """Take the right from whoever holds it. On return every earlier transaction has ended and can be read.

        Raises ReplayFailed.
        """
        try:
            self._client.init_transactions()
        except KafkaError as error:
            raise _failure(error) from error

    def write(self, batch: Sequence[Written]) -> list[Replay]:
        """Write each record to its topic, in the partition that its key gives, and say so; all of it or nothing.

        Raises ReplayFailed, after which this object cannot be used again.
        """
        try:
            self._client.begin_transaction()
            sent = [
                self._client.send(
                    each.letter.topic,
                    key=each.letter.key,
                    value=each.value,
                    headers=[*each.letter.original_headers, (REPLAYED_HEADER, b"true")],
                )
                for each in batch
            ]
            replays = [
                _replay(each, future.get(timeout=_ACKNOWLEDGE_SECONDS))
                for each, future in zip(batch, sent, strict=True)
            ]
            marks = [
                self._client.send(self._topic, key=replay.record_key(), value=None, headers=replay.headers())
                for replay in replays
            ]
            for mark in marks:
                mark.get(timeout=_ACKNOWLEDGE_SECONDS)
            self._client.commit_transaction()
        except KafkaError as error:
            raise _failure(error) from error
        return replays

    def close(self) -> None:
        try:
            self._client.close(timeout=_CLOSE_SECONDS)
        except KafkaError:
            # Closing flushes first, which an abandoned transaction cannot.
            return


def _replay(written: Written, stands: Any) -> Replay:
    if stands.offset < 0:
        # Brokers answer a repeated produce request whose first answer was lost without saying where it went.
        raise ReplayFailed("the brokers did not say at which offset a record is; nothing of its transaction is written")
    letter = written.letter
    return Replay(
        topic=letter.topic,
        partition=letter.partition,
        offset=letter.offset,
        new_partition=stands.partition,
        new_offset=stands.offset,
        corrected=written.value != letter.value,
    )


def _failure(error: KafkaError) -> ReplayFailed:
    if isinstance(error, ProducerFencedError | InvalidProducerEpochError):
        return OthersReplay("somebody else has begun to replay dead letters; what they replay, `list` shows")
    return ReplayFailed(f"the brokers did not take it: {error}")
