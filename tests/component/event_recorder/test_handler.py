"""A batch through the handler into a real database: what is stored, what is set aside, and in which order."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import Engine, text

from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.database_patience import DatabasePatience, Stopping
from services.event_recorder.handler import RecordHandler
from services.event_recorder.writer import Writer
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.core.dead_letters import DeadLetter, Reason, read_dead_letter
from shared.core.records import OutRecord
from tests.component.event_recorder.tables import contents
from tests.unit.event_recorder import records


class Published(list[DeadLetter]):
    """Takes what the handler publishes, and notes how many runs a reader saw stored by then."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self._engine = engine
        self.runs_stored: list[int] = []

    def publish(self, out: Sequence[OutRecord]) -> None:
        self.runs_stored.append(len(contents(self._engine)["runs"]))
        self.extend(read_dead_letter(each.headers, each.value) for each in out)


def handler(engine: Engine, published: Published, stop: threading.Event) -> RecordHandler:
    return RecordHandler(
        RecordReader(records.TOPICS),
        Writer(engine),
        DatabasePatience(stop),
        DeadLetterBox(records.TOPICS.dead_letters.name, "event_recorder"),
        published.publish,
    )


def refuse_runs_of(engine: Engine, event_id: str) -> None:
    """Make the database itself refuse a row, for a reason that no check of ours knows."""
    refusal = {
        "sqlite": [
            f"CREATE TRIGGER refuse BEFORE INSERT ON runs WHEN new.event_id = '{event_id}' "
            "BEGIN SELECT RAISE(ABORT, 'refused by the database'); END"
        ],
        "postgresql": [
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'refused by the database'; END $$",
            f"CREATE TRIGGER refuse BEFORE INSERT ON runs FOR EACH ROW WHEN (new.event_id = '{event_id}') "
            "EXECUTE FUNCTION refuse()",
        ],
    }
    with engine.begin() as connection:
        for statement in refusal[engine.dialect.name]:
            connection.execute(text(statement))


def test_a_record_that_only_the_database_refuses_is_set_aside_as_our_own_fault(engine: Engine) -> None:
    refuse_runs_of(engine, "e-2")
    published = Published(engine)
    batch = [records.match(f"e-{number}", offset=number) for number in (1, 2, 3)]
    handler(engine, published, threading.Event()).handle(batch)
    (letter,) = published
    assert (letter.reason, letter.offset, letter.value) == (Reason.INTERNAL, 2, batch[1].value)
    assert "refused by the database" in letter.detail
    assert len(contents(engine)["runs"]) == 2


def test_dead_letters_do_not_hold_the_values_of_other_rows(engine: Engine) -> None:
    refuse_runs_of(engine, "e-2")
    published = Published(engine)
    handler(engine, published, threading.Event()).handle([records.match("e-1"), records.match("e-2")])
    assert "billing.bill.created" not in published[0].detail


def test_unreadable_and_refused_records_are_published_once_after_the_rows_are_stored(engine: Engine) -> None:
    refuse_runs_of(engine, "e-2")
    published = Published(engine)
    unreadable = replace(records.attempt(), value=b"{")
    handler(engine, published, threading.Event()).handle([unreadable, records.match("e-2"), records.match("e-3")])
    assert [letter.reason for letter in published] == [Reason.INVALID, Reason.INTERNAL]
    assert published.runs_stored == [1]


def test_a_batch_of_good_records_publishes_nothing(engine: Engine) -> None:
    published = Published(engine)
    handler(engine, published, threading.Event()).handle([records.match(), records.outcome()])
    assert (published, published.runs_stored) == ([], [])


def test_a_batch_that_could_not_be_stored_before_the_end_publishes_nothing(engine: Engine) -> None:
    published = Published(engine)
    stop = threading.Event()
    stop.set()
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE matches"))
    with pytest.raises(Stopping):
        handler(engine, published, stop).handle([replace(records.attempt(), value=b"{"), records.match()])
    assert published == []
