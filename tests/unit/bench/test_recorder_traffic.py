"""The records that the recorder's benchmark makes are those that the fleet writes."""

from bench.recorder.core.questions import questions
from bench.recorder.core.traffic import FAILS_ONE_IN, RECORDS_A_RUN, Span, Traffic, run_id
from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.core.rows import Reading, TableName
from shared.core.messages.integration_events import RunStatus
from shared.core.records import OutRecord, Record
from shared.core.topics import topics

TOPICS = topics("", 12)
BEGIN_MS = 1_800_000_000_000
RUNS = 2 * FAILS_ONE_IN


def made(point: int = 1, runs: int = RUNS) -> list[OutRecord]:
    return list(Traffic(TOPICS).records(Span(point, 0, runs, BEGIN_MS, 10.0)))


def readings(records: list[OutRecord]) -> list[Reading]:
    reader = RecordReader(TOPICS)
    return [
        reader.read(Record(each.topic, 0, offset, each.key, each.value, tuple(each.headers), BEGIN_MS))
        for offset, each in enumerate(records)
    ]


def test_the_recorder_reads_every_record_and_joins_those_of_a_run() -> None:
    found = readings(made())
    stored = [fact.table for reading in found for fact in reading.facts]
    for table in (TableName.EVENTS, TableName.MATCHES, TableName.ATTEMPTS, TableName.OUTCOMES):
        assert stored.count(table) == RUNS
    assert len(found) == RUNS * RECORDS_A_RUN
    assert {run.identity.run_id for reading in found for run in reading.runs} == {run_id(1, n) for n in range(RUNS)}


def test_one_run_in_ten_fails() -> None:
    ends = [run.outcome.status for reading in readings(made()) for run in reading.runs if run.outcome is not None]
    assert ends.count(RunStatus.FAILED) * FAILS_ONE_IN == len(ends) == RUNS


def test_no_two_records_say_the_same_and_points_have_nothing_in_common() -> None:
    values = [each.value for each in made(1) + made(2)]
    assert len(set(values)) == 2 * RUNS * RECORDS_A_RUN


def test_a_body_is_about_a_kilobyte() -> None:
    event, _, attempt, _ = made(runs=1)
    assert 1_000 <= len(event.value or b"") <= 1_200
    assert len(attempt.value or b"") > 1_000


def test_each_kind_of_question_is_asked_as_often_as_every_other() -> None:
    names = [each.name for each in questions(1, RUNS, 3)]
    assert {names.count(each) for each in names} == {3}
