"""Records whose header names are not UTF-8: brokers take them, kafka-python cannot read past them.

kafka-python raises on such a name, and its iterator over the batch is then spent: the next poll spins for ever, and a
fresh consumer meets the same record again. Seeking beyond it does not help either, because a batch is decoded from its
beginning. So it has to be read. `accept_any_header_name` makes a consumer read it by `shared.core.record_format`, and
mark its headers as `EscapedHeaders`; `shared.adapters.kafka_clients.read` turns the mark into the record's fault, and
whoever handles the record sets it aside like any other that is malformed. No other record is touched.

The places taken hold of (a fetcher's ``PartitionRecords``, a batch's ``_read_msg``) are kafka-python's own and not
documented; the component tests of every loop would see them change.
"""

from typing import Any

from kafka import KafkaConsumer
from kafka.consumer.fetcher import Fetcher
from kafka.record.default_records import DefaultRecord, DefaultRecordBatch

from shared.core.record_format import read_raw_record


class EscapedHeaders(list[tuple[str, bytes | None]]):
    """Headers of which at least one name is not what was sent, because that was not UTF-8."""


def accept_any_header_name(consumer: KafkaConsumer) -> KafkaConsumer:
    """``consumer``, reading on where it would stop for ever."""
    consumer._fetcher.PartitionRecords = _PartitionRecords
    return consumer


class _PartitionRecords(Fetcher.PartitionRecords):  # type: ignore[misc]
    """What a fetch brought of one partition."""

    def _unpack_records(self, tp: Any, records: Any, *deserializers: Any) -> Any:
        return super()._unpack_records(tp, _Batches(records), *deserializers)


class _Batches:
    """The batches of a fetch, each told to read any header name."""

    def __init__(self, records: Any) -> None:
        self._records = records

    def next_batch(self) -> Any:
        batch = self._records.next_batch()
        if type(batch) is DefaultRecordBatch:
            # Making a second object would copy the batch's bytes again.
            batch.__class__ = _Batch
        return batch


class _Batch(DefaultRecordBatch):  # type: ignore[misc]
    __slots__ = ()

    def _read_msg(self) -> Any:
        try:
            return super()._read_msg()
        except UnicodeDecodeError:
            return _read_escaping(self)


def _read_escaping(batch: Any) -> DefaultRecord:
    """The record at the batch's position, which has not moved."""
    raw = read_raw_record(batch._buffer, batch._pos)
    batch._pos = raw.end
    timestamp = batch.max_timestamp if batch.timestamp_type else batch.first_timestamp + raw.timestamp_delta
    offset = batch.base_offset + raw.offset_delta
    headers = EscapedHeaders(raw.headers)
    return DefaultRecord(raw.length, offset, timestamp, batch.timestamp_type, raw.key, raw.value, headers)
