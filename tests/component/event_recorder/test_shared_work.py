"""Recorders that hold records of the same runs at the same time, as after a rebalance: the rows are those of one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sqlalchemy import Engine

from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.core.rows import Reading
from services.event_recorder.database import writing_engine
from services.event_recorder.database_patience import DatabasePatience
from services.event_recorder.writer import Writer
from shared.core.messages.integration_events import RunStatus
from shared.core.records import Record
from tests.component.event_recorder.tables import contents, empty
from tests.unit.event_recorder import records

READER = RecordReader(records.TOPICS)
RETRY = records.START_MS + 2_000
EVENTS = 150


def topics() -> list[list[Record]]:
    """What stands on each topic, in its order."""
    events = [f"e-{number}" for number in range(EVENTS)]
    status = {event: RunStatus.COMPLETED if place % 3 else RunStatus.FAILED for place, event in enumerate(events)}
    return [
        [records.match(event, offset=offset) for offset, event in enumerate(events)],
        [
            record
            for offset, event in enumerate(events)
            for record in (
                records.attempt(1, event, offset=2 * offset, retry_due_ms=RETRY),
                records.attempt(2, event, offset=2 * offset + 1),
            )
        ],
        [records.outcome(status[event], event, attempts=2, offset=offset) for offset, event in enumerate(events)],
    ]


def batches(streams: list[list[Record]], size: int) -> list[list[Reading]]:
    """A poll takes some records of each topic."""
    longest = max(map(len, streams))
    return [
        [READER.read(record) for stream in streams for record in stream[first : first + size]]
        for first in range(0, longest, size)
    ]


def test_writers_of_the_same_runs_at_once_leave_the_rows_of_one(engine: Engine, database_url: str) -> None:
    streams = topics()
    for batch in batches(streams, 1_000):
        Writer(engine).write(batch)
    straight = contents(engine)
    empty(engine)

    def record(share: tuple[list[list[Record]], int]) -> None:
        own = writing_engine(database_url)
        patience, writer = DatabasePatience(threading.Event()), Writer(own)
        for batch in batches(*share):
            assert patience.until_done(partial(writer.write, batch)) == []
        own.dispose()

    # Topics in different orders, batches of different sizes: every run is in several hands.
    shares = [(streams, 20), (streams[::-1], 35), (streams[1:] + streams[:1], 50)]
    with ThreadPoolExecutor(len(shares)) as pool:
        list(pool.map(record, shares))
    assert contents(engine) == straight
