"""How fast a backlog goes from the topics into a database, what a record costs, and that nothing is lost or doubled.

The records lie on the topics before the recorder starts. It is measured from the moment at which it is ready to that of
its last commit, so its start is left out. Then its group is put back to the beginning and everything is read again:
the second reading must change no row and no count.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.recorder.core.traffic import RECORDS_A_RUN
from bench.recorder.measured_recorder import MeasuredRecorder, RecordedTopics, recording, wait_until
from bench.recorder.storage import TABLES, Storage

#: Tables whose rows stand for many records.
COUNTED_APART: Final = ("alerts", "run_statistics")
_LIMIT_SECONDS = 3_600.0
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Reading:
    """``records`` in ``seconds``; CPU of the recorder and of the database's server in seconds."""

    records: int
    seconds: float
    recorder_cpu: float
    server_cpu: float

    @property
    def recorder_us(self) -> float:
        """CPU of the recorder per record, in microseconds."""
        return self.recorder_cpu / self.records * 1e6

    @property
    def server_us(self) -> float:
        """CPU of the database's server per record, in microseconds."""
        return self.server_cpu / self.records * 1e6


@dataclass(frozen=True, slots=True)
class Written:
    """Of one database: the first reading, the second, and the rows after each. ``rows`` are by table."""

    engine: str
    runs: int
    first: Reading
    again: Reading
    rows: dict[str, int]
    rows_again: dict[str, int]
    counted: int
    counted_again: int
    dead_letters: int

    @property
    def rows_of_records(self) -> int:
        """Rows, without those that only count."""
        return sum(count for table, count in self.rows.items() if table not in COUNTED_APART)

    @property
    def rows_a_record(self) -> float:
        """Rows for each record read: one of its own, and every fourth one for its run."""
        return self.rows_of_records / self.first.records

    @property
    def rows_a_second(self) -> float:
        """Rows a second as it went, with broker and database on the same machine."""
        return self.first.records * self.rows_a_record / self.first.seconds

    @property
    def rows_a_core_second(self) -> float:
        """Rows for each second of the recorder's own CPU: what one core of it stores."""
        return self.rows_a_record / self.first.recorder_us * 1e6

    def broken(self) -> list[str]:
        """What must hold and does not, a sentence each."""
        said = [
            f"{self.engine}: {table} has {self.rows[table]:,} rows, {self.runs:,} distinct records were written"
            for table in TABLES
            if table not in COUNTED_APART and self.rows[table] != self.runs
        ]
        if self.counted != self.runs:
            said.append(f"{self.engine}: statistics count {self.counted:,} runs of {self.runs:,}")
        if (self.rows, self.counted) != (self.rows_again, self.counted_again):
            said.append(f"{self.engine}: reading the topics again changed rows: {self.rows} became {self.rows_again}")
        if self.dead_letters:
            said.append(f"{self.engine}: {self.dead_letters:,} records were set aside")
        return said


def write_backlog(topics: RecordedTopics, storage: Storage, runs: int, folder: Path, progress: Progress) -> Written:
    """Let a recorder take in the ``runs`` that lie on ``topics``, twice."""
    with recording(topics, storage.url, folder / f"{storage.engine}-first.log") as recorder:
        first = _to_the_end(topics, recorder, storage, progress)
    rows, counted = storage.rows(), storage.runs_counted()
    topics.rewind()
    with recording(topics, storage.url, folder / f"{storage.engine}-again.log") as recorder:
        again = _to_the_end(topics, recorder, storage, progress)
    dead = topics.dead_letters()
    return Written(storage.engine, runs, first, again, rows, storage.rows(), counted, storage.runs_counted(), dead)


def _to_the_end(topics: RecordedTopics, recorder: MeasuredRecorder, storage: Storage, progress: Progress) -> Reading:
    lag = topics.lag()
    began, recorder_began, server_began = time.monotonic(), recorder.cpu_seconds(), storage.server_cpu_seconds()

    def done() -> bool:
        left = topics.lag()
        progress(lag - left, lag)
        return left == 0

    wait_until(done, recorder.check, _LIMIT_SECONDS)
    return Reading(
        lag,
        time.monotonic() - began,
        recorder.cpu_seconds() - recorder_began,
        storage.server_cpu_seconds() - server_began,
    )


def runs_of(rows: int) -> int:
    """Runs whose records make ``rows`` rows, roughly: each record one row, and one for its run."""
    return rows // (RECORDS_A_RUN + 2)
