"""Old rows go, kind by kind and a few at a time, and reading the topics again brings nothing of them back."""

from __future__ import annotations

import threading
from dataclasses import replace

from sqlalchemy import Engine, func, select

from services.event_recorder import schema
from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.core.retention import DAY_MS, RecordKind
from services.event_recorder.retention import BATCH_ROWS, Retention
from services.event_recorder.writer import Writer
from shared.core.messages.integration_events import RunStatus
from shared.core.records import Record
from tests.component.event_recorder.tables import contents
from tests.unit.event_recorder import records
from tests.waiting import wait_for

READER = RecordReader(records.TOPICS)
KEPT_MS = dict.fromkeys(RecordKind, 28 * DAY_MS) | {RecordKind.ERROR_EVENTS: 365 * DAY_MS}
#: Rows of every age-bound table are some seconds old by then, or as many days.
SOON_MS = records.START_MS + 60_000
LATER_MS = SOON_MS + 28 * DAY_MS


def store(engine: Engine, *batch: Record) -> None:
    assert Writer(engine).write([READER.read(record) for record in batch]) == []


def remove(engine: Engine, now_ms: int) -> None:
    Retention(engine, KEPT_MS, lambda: now_ms).remove(threading.Event())


def counts(engine: Engine) -> dict[str, int]:
    return {name: len(rows) for name, rows in contents(engine).items() if rows}


def story(event: str = "e-1", organization: str = "acme", offset: int = 0) -> tuple[Record, ...]:
    """One run that was delivered and one that failed."""
    other = f"{event}-failed"
    return (
        records.system_event(event, organization=organization, offset=offset),
        records.match(event, organization=organization, offset=offset),
        records.attempt(1, event, organization=organization, succeeded=True, offset=offset),
        records.outcome(RunStatus.COMPLETED, event, organization=organization, offset=offset),
        records.match(other, organization=organization, offset=offset + 1),
        records.attempt(1, other, organization=organization, offset=offset + 1),
        records.outcome(RunStatus.FAILED, other, organization=organization, offset=offset + 1),
    )


def test_what_is_young_enough_stays(engine: Engine) -> None:
    store(engine, *story(), records.integration_resource("one"), records.state(True))
    before = counts(engine)
    remove(engine, SOON_MS)
    assert counts(engine) == before


def test_each_kind_goes_at_its_own_age_and_configuration_never(engine: Engine) -> None:
    for organization in ("acme", "other"):
        store(engine, *story(organization=organization))
    store(engine, records.integration_resource("one"), records.state(True))
    remove(engine, LATER_MS)
    # The error event of each organization, what it alerts to, and what has no age.
    assert counts(engine) == {"integration_events": 2, "alerts": 2, "resources": 1, "integration_states": 1}
    remove(engine, SOON_MS + 365 * DAY_MS)
    assert counts(engine) == {"resources": 1, "integration_states": 1}


def test_reading_the_topics_again_brings_nothing_back_and_counts_nothing_again(engine: Engine) -> None:
    kept = {**KEPT_MS, RecordKind.STATISTICS: 365 * DAY_MS}
    store(engine, *story())
    Retention(engine, kept, lambda: LATER_MS).remove(threading.Event())
    before = contents(engine)
    assert [row[-1] for row in before["run_statistics"]] == [1, 1]
    assert before["runs"] == []
    store(engine, *story())
    assert contents(engine) == before


def test_a_retention_that_is_made_longer_brings_nothing_back_either(engine: Engine) -> None:
    store(engine, *story())
    remove(engine, LATER_MS)
    before = contents(engine)
    remove(engine, SOON_MS)
    store(engine, *story())
    assert contents(engine) == before


def test_new_records_are_stored_as_ever_above_the_floor(engine: Engine) -> None:
    remove(engine, LATER_MS)
    young = replace(records.system_event("e-2"), timestamp_ms=LATER_MS)
    store(engine, young, records.match("e-2", matched_ms=LATER_MS))
    assert counts(engine) == {"events": 1, "matches": 1, "runs": 1}


def test_more_than_one_batch_goes_in_one_pass(engine: Engine) -> None:
    store(engine, *(records.match(f"e-{number}", offset=number) for number in range(2 * BATCH_ROWS + 1)))
    remove(engine, LATER_MS)
    assert counts(engine) == {}


def runs_stored(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(schema.runs)).scalar_one()


def test_a_writer_gets_its_turn_while_much_is_removed(engine: Engine) -> None:
    old = [records.match(f"e-{number}", offset=number, fires=True) for number in range(25 * BATCH_ROWS)]
    store(engine, *old)
    done, stop = threading.Event(), threading.Event()

    def sweep() -> None:
        Retention(engine, KEPT_MS, lambda: LATER_MS).remove(stop)
        done.set()

    thread = threading.Thread(target=sweep)
    thread.start()
    wait_for(lambda: runs_stored(engine) < len(old), "the first runs are gone")
    store(engine, records.match("new", matched_ms=LATER_MS))
    under_way = not done.is_set()
    thread.join(timeout=60)
    assert under_way, "the write waited for the whole pass"
    assert counts(engine) == {"matches": 1, "runs": 1}
