"""Records whose header names are not UTF-8: brokers take them, Faust's client cannot read past them.

aiokafka raises on such a name, Faust ends, and the next start meets the same record. So a batch that the client gives
up is read once more, by `shared.core.record_format`, which keeps everything but the name; `services.disabler.faust_app`
makes the mark that it leaves there into the record's fault, and the handler sets the record aside like any other that
is malformed. All other batches are read by the client alone.

aiokafka makes its readers where nothing of a consumer can be put in, so the name that it makes them by is set, for
the whole process. The component test would see the client change.
"""

from collections.abc import Iterator
from typing import Any, Final

from aiokafka.consumer import fetcher
from aiokafka.record.default_records import DefaultRecordBatch, _DefaultRecordBatchPy, _DefaultRecordPy
from aiokafka.record.memory_records import _MemoryRecordsPy

from shared.core.record_format import read_raw_record


def accept_any_header_name() -> None:
    """Let every consumer of this process read on where it would stop for ever."""
    fetcher.MemoryRecords = _Batches


class _Batches(_MemoryRecordsPy):  # type: ignore[misc]
    """The batches of one partition that a fetch brought."""

    def next_batch(self) -> Any:
        data = self._next_slice
        batch = super().next_batch()
        return _Batch(batch, data) if isinstance(batch, DefaultRecordBatch) else batch


class _Batch:
    """The client's batch, and the bytes it was made of."""

    def __init__(self, batch: Any, data: memoryview) -> None:
        self._batch: Final = batch
        self._data: Final = data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __next__(self) -> Any:
        return next(self._batch)

    def __iter__(self) -> Iterator[Any]:
        try:
            yield from self._batch
        except UnicodeDecodeError:
            # From the beginning: the caller passes over offsets that it has seen.
            yield from _PatientBatch(self._data)


class _PatientBatch(_DefaultRecordBatchPy):  # type: ignore[misc]
    """Reads each record whatever the names of its headers are."""

    def _read_msg(self) -> Any:
        raw = read_raw_record(self._buffer, self._pos)
        self._pos: int = raw.end
        timestamp = self.max_timestamp if self.timestamp_type else self.first_timestamp + raw.timestamp_delta
        offset = self.base_offset + raw.offset_delta
        return _DefaultRecordPy(offset, timestamp, self.timestamp_type, raw.key, raw.value, raw.headers)
