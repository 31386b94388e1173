"""Batches into a real database: the same rows whatever the order, one bad row alone set aside, a lock waited for."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select, text

from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.core.rows import Fact, Reading, TableName
from services.event_recorder.database import DatabaseUnavailable, writing_engine
from services.event_recorder.database_patience import DatabasePatience, Stopping
from services.event_recorder.schema import events as events_table
from services.event_recorder.schema import integration_events as told
from services.event_recorder.schema import matches as matches_table
from services.event_recorder.writer import Writer
from shared.core.messages.integration_events import RunStatus
from shared.core.messages.run_log import UnevaluableRule
from shared.core.records import Record
from tests.component.event_recorder.tables import contents, empty
from tests.unit.event_recorder import records
from tests.waiting import wait_for

READER = RecordReader(records.TOPICS)


def store(engine: Engine, *batch: Record) -> None:
    assert Writer(engine).write([READER.read(record) for record in batch]) == []


EVENTS = ("e-1", "e-2")
RETRY = records.START_MS + 5_000
Stream = tuple[Record, ...]


def in_order(drawn: Sequence[Record]) -> Stream:
    """Records as one partition holds them."""
    return tuple(replace(record, offset=offset) for offset, record in enumerate(drawn))


ATTEMPTS = st.builds(
    lambda number, event, again, created: records.attempt(
        number, event, retry_due_ms=RETRY if again else None, created_ms=records.START_MS + created
    ),
    st.integers(1, 4),
    st.sampled_from(EVENTS),
    st.booleans(),
    st.integers(0, 2),
)
OUTCOMES = st.builds(
    lambda status, event, attempts, created: records.outcome(
        status, event, attempts=attempts, created_ms=records.START_MS + created
    ),
    st.sampled_from([RunStatus.COMPLETED, RunStatus.FAILED, RunStatus.DISABLED]),
    st.sampled_from(EVENTS),
    st.integers(0, 4),
    st.integers(0, 2),
)
MATCHES = st.builds(
    lambda event, fires, at, unevaluable: records.match(
        event,
        fires=fires,
        matched_ms=records.START_MS + at,
        unevaluable=(UnevaluableRule(rule_id="r", reason="no such key"),) if unevaluable else (),
    ),
    st.sampled_from(EVENTS),
    st.booleans(),
    st.integers(0, 2),
    st.booleans(),
)
SYSTEM_EVENTS = st.builds(
    lambda event, data: records.system_event(event, data=data), st.sampled_from(EVENTS), st.sampled_from(["1", "2"])
)
RESOURCES = st.builds(records.integration_resource, st.none() | st.sampled_from(["one", "two"]))
STATES = st.builds(records.state, st.none() | st.booleans())


def stream_of(kind: st.SearchStrategy[Record]) -> st.SearchStrategy[Stream]:
    return st.lists(kind, max_size=5).map(in_order)


STREAMS = st.tuples(
    stream_of(MATCHES),
    stream_of(ATTEMPTS | st.builds(records.skip, st.sampled_from(EVENTS))),
    stream_of(OUTCOMES),
    stream_of(SYSTEM_EVENTS),
    stream_of(RESOURCES),
    stream_of(STATES),
)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Stream], list[list[Record]]]:
    """Streams, and batches in which Kafka may hand them out: in order within a stream, any interleaving across them,
    going back at any time, and in the end everything."""
    streams = [stream for stream in draw(STREAMS) if stream]
    positions = [0] * len(streams)
    handed_out: list[Record] = []
    if streams:
        moves = st.tuples(st.integers(0, len(streams) - 1), st.sampled_from([1, 1, 1, -1, -3]))
        for which, move in draw(st.lists(moves, max_size=40)):
            if move > 0:
                handed_out.extend(streams[which][positions[which] : positions[which] + 1])
            positions[which] = min(max(0, positions[which] + move), len(streams[which]))
    for stream, position in zip(streams, positions, strict=True):
        handed_out.extend(stream[position:])
    cuts = draw(st.lists(st.integers(0, len(handed_out)), max_size=4))
    return streams, [handed_out[first:last] for first, last in pairwise(sorted([0, *cuts, len(handed_out)]))]


# One file for all examples: it is emptied before each, which is what a fresh one would be.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deliveries())
def test_rows_are_the_same_in_whatever_order_records_come_and_however_often(
    engine: Engine, delivered: tuple[list[Stream], list[list[Record]]]
) -> None:
    streams, batches = delivered
    empty(engine)
    store(engine, *(record for stream in streams for record in stream))
    straight = contents(engine)
    empty(engine)
    for batch in batches:
        store(engine, *batch)
    assert contents(engine) == straight


def test_reading_everything_again_changes_no_row(engine: Engine) -> None:
    batch = (
        records.integration_resource("one", offset=1),
        records.integration_resource(None, offset=2),
        records.state(True, offset=1),
        records.system_event(),
        records.match(),
        records.attempt(1, offset=1, retry_due_ms=RETRY),
        records.attempt(2, offset=2, succeeded=True),
        records.outcome(attempts=2, offset=1),
        records.outcome(attempts=2, offset=2),
    )
    store(engine, *batch)
    before = contents(engine)
    assert before["runs"]
    assert before["resources"]
    for record in batch:
        store(engine, record)
        assert contents(engine) == before


def test_a_late_older_version_does_not_bring_a_deleted_resource_back(engine: Engine) -> None:
    store(engine, records.integration_resource(None, offset=5))
    store(engine, records.integration_resource("one", offset=4))
    (row,) = contents(engine)["resources"]
    assert (row[3], row[4]) == (5, None)


def test_of_two_records_of_one_event_the_first_on_the_topic_counts(engine: Engine) -> None:
    matches = [records.match(matched_ms=records.START_MS + offset, offset=offset) for offset in (4, 5)]
    outcomes = [records.outcome(attempts=offset, offset=offset) for offset in (1, 2)]
    # Events of one id may have two subjects, hence two partitions.
    events = [replace(records.system_event(data=str(number)), partition=number) for number in (0, 1)]
    store(engine, *matches, *outcomes, *events)
    straight = contents(engine)
    empty(engine)
    store(engine, *reversed([*matches, *outcomes, *events]))
    assert contents(engine) == straight
    with engine.connect() as connection:
        places = [connection.execute(select(each.c.topic_offset)).scalar_one() for each in (matches_table, told)]
        assert places == [4, 1]
        assert '"data":0' in connection.execute(select(events_table.c.document)).scalar_one()


def test_every_outcome_is_kept_with_its_place(engine: Engine) -> None:
    store(engine, *(records.outcome(attempts=4, offset=offset) for offset in (3, 7)))
    assert [(row[2], row[3]) for row in contents(engine)["outcomes"]] == [(3, 3), (3, 7)]
    assert len(contents(engine)["integration_events"]) == 1


def test_organizations_with_the_same_ids_have_rows_of_their_own(engine: Engine) -> None:
    for organization in ("acme", "other"):
        store(engine, records.system_event(organization=organization), records.match(organization=organization))
    assert [len(contents(engine)[name]) for name in ("events", "matches", "runs")] == [2, 2, 2]


def test_more_runs_than_one_statement_may_name_are_stored(engine: Engine) -> None:
    batch = [READER.read(records.match(f"e-{number}", offset=number)) for number in range(2_500)]
    assert Writer(engine).write(batch) == []
    assert Writer(engine).write(batch) == []
    assert len(contents(engine)["runs"]) == 2_500


UNSTORABLE = {
    "an integer beyond 64 bits": {"accepted_ms": 2**63},
    "a lone surrogate": {"type": "\ud800"},
    "nothing where something must be": {"type": None},
}


@pytest.mark.parametrize("bad", UNSTORABLE.values(), ids=UNSTORABLE.keys())
def test_a_row_that_the_database_refuses_keeps_no_other_out(engine: Engine, bad: dict[str, str | int | None]) -> None:
    batch = [READER.read(records.system_event(event)) for event in ("e-1", "e-2", "e-3")]
    middle = batch[1].facts[0]
    batch[1] = Reading((Fact(TableName.EVENTS, {**middle.row, **bad}),))
    refused = Writer(engine).write(batch)
    assert [place for place, _ in refused] == [1]
    assert [row[2] for row in contents(engine)["events"]] == ["e-1", "e-3"]


def test_a_refused_record_leaves_no_part_of_itself(engine: Engine) -> None:
    good, bad = READER.read(records.match("e-1")), READER.read(records.match("e-2"))
    broken = Fact(TableName.ATTEMPTS, {**READER.read(records.attempt()).facts[0].row, "stages": None})
    refused = Writer(engine).write([good, replace(bad, facts=(*bad.facts, broken))])
    assert [place for place, _ in refused] == [1]
    assert [row[2] for row in contents(engine)["matches"]] == ["e-1"]
    assert len(contents(engine)["runs"]) == 1


def test_a_missing_table_is_the_databases_fault_and_no_records(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE matches"))
    with pytest.raises(DatabaseUnavailable):
        Writer(engine).write([READER.read(records.match())])
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM runs")).scalar_one() == 0


def test_no_value_of_a_row_stands_in_what_the_database_says(empty_database_url: str) -> None:
    unmigrated = writing_engine(empty_database_url)
    with pytest.raises(DatabaseUnavailable) as failed:
        Writer(unmigrated).write([READER.read(records.attempt(answer="a secret"))])
    assert "a secret" not in str(failed.value)
    assert "retention_floors" in str(failed.value)
    unmigrated.dispose()


def lock(connection: Connection) -> None:
    """Keep every writer out; on SQLite the transaction itself does."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE runs IN EXCLUSIVE MODE"))


def test_a_locked_database_is_waited_for_and_readiness_says_so(engine: Engine, database_url: str) -> None:
    patience = DatabasePatience(threading.Event())
    patience.until_done(lambda: None)
    writing = writing_engine(database_url)
    other = engine.connect()
    holding = other.begin()
    lock(other)
    done = threading.Event()

    def work() -> None:
        patience.until_done(lambda: Writer(writing).write([READER.read(records.match())]))
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    wait_for(lambda: "lock" in (patience.not_ready() or ""), "readiness names the lock")
    assert not done.is_set()
    holding.rollback()
    other.close()
    thread.join(timeout=20)
    assert done.is_set()
    assert patience.not_ready() is None
    assert len(contents(engine)["runs"]) == 1
    writing.dispose()


def test_a_stop_while_the_database_is_locked_ends_the_wait_unstored(engine: Engine, database_url: str) -> None:
    stop = threading.Event()
    stop.set()
    writing = writing_engine(database_url)
    with engine.begin() as other:
        lock(other)
        with pytest.raises(Stopping):
            DatabasePatience(stop).until_done(lambda: Writer(writing).write([READER.read(records.match())]))
    writing.dispose()
