"""One polled batch in, rows and dead letters out.

Everything the batch led to is safe when `RecordHandler.handle` returns: rows committed, dead letters acknowledged by
every replica. Only then does the loop commit offsets; a process killed in between reads the batch again, and stores it
again, to the same rows.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.core.rows import Reading
from services.event_recorder.database_patience import DatabasePatience
from shared.adapters import metrics
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.core.records import OutRecord, Record


class Storage(Protocol):
    """`writer.Writer`, as the handler needs it."""

    def write(self, readings: Sequence[Reading]) -> list[tuple[int, Exception]]: ...


class RecordHandler:
    """``publish`` returns once all it was given is acknowledged."""

    def __init__(
        self,
        reader: RecordReader,
        storage: Storage,
        patience: DatabasePatience,
        dead_letters: DeadLetterBox,
        publish: Callable[[Sequence[OutRecord]], None],
    ) -> None:
        self._reader = reader
        self._storage = storage
        self._patience = patience
        self._dead_letters = dead_letters
        self._publish = publish

    def handle(self, records: Sequence[Record]) -> None:
        """Raises Stopping when the database is unavailable to the end."""
        set_aside: list[OutRecord] = []
        read: list[tuple[Record, Reading]] = []
        for record in records:
            with self._dead_letters.guard(record, set_aside.append):
                read.append((record, self._reader.read(record)))
        refused = dict(self._patience.until_done(lambda: self._storage.write([said for _, said in read])))
        for place, error in refused.items():
            set_aside.append(self._dead_letters.letter(read[place][0], error))
        if set_aside:
            self._publish(set_aside)
        stored = Counter(record.topic for place, (record, _) in enumerate(read) if place not in refused)
        for topic, count in stored.items():
            metrics.ROWS_WRITTEN.labels(topic).inc(count)
