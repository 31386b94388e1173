"""Comparing what recorder and disabler say with what the topics say."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import create_engine, insert

from deploy.local.demo.core.evidence import Evidence
from deploy.local.fault_injection.decision_replay import Decisions, found, replayed
from deploy.local.fault_injection.recorded_runs import Recorded, on_topics, recorded
from services.event_recorder import schema
from shared.core.messages.integration_events import PERFORM_ERROR, IntegrationEvent, RunStatus
from shared.core.records import Record
from shared.core.topics import topics
from tests.unit.deploy.demo_evidence import attempt, outcome, run_of
from tests.unit.disabler.outcomes import enable_request
from tests.unit.disabler.outcomes import outcome as ended

TOPICS = topics("", 1)


def on_topic(*events: IntegrationEvent) -> list[Record]:
    return [
        Record("integration-events", 0, offset, event.key, event.encode(), tuple(event.headers()), offset * 1_000)
        for offset, event in enumerate(events)
    ]


def failing(*runs: str, epoch: int = 0) -> list[IntegrationEvent]:
    return [ended(run, limit=2, epoch=epoch) for run in runs]


def test_the_replay_disables_at_the_limit_and_enables_on_request() -> None:
    decided = replayed(on_topic(*failing("a", "b"), enable_request()), TOPICS)
    assert len(decided.events) == 2
    assert list(decided.states) == [b"acme/bills"]


def test_a_second_outcome_of_a_run_does_not_count_in_the_replay() -> None:
    assert replayed(on_topic(*failing("a", "a")), TOPICS) == Decisions(frozenset(), {})


def test_announcements_that_follow_from_the_fold_do_not_differ_however_often_they_stand_there() -> None:
    history = on_topic(*failing("a", "b"))
    decided = replayed(history, TOPICS)
    (said,) = decided.events
    announcement = Record(
        "integration-events", 0, 9, b"acme/bills", said, (("type", b"integration.disabled.error"),), 0
    )
    states = [Record("integration-state", 0, 0, key, value, (), 0) for key, value in decided.states.items()]
    assert found([*history, announcement, announcement], states).differences(decided) == []


def test_a_lost_and_an_invented_decision_are_both_named() -> None:
    decided = replayed(on_topic(*failing("a", "b")), TOPICS)
    nothing = Decisions(frozenset(), {})
    assert any("not announced" in each for each in nothing.differences(decided))
    assert any("should not be" in each for each in decided.differences(nothing))


def test_the_first_outcome_is_a_runs_status_and_a_later_one_is_superseded() -> None:
    evidence = Evidence(
        organization="demo",
        attempts=frozenset({attempt("a", "desk"), attempt("a", "desk", 2)}),
        integration_events=(outcome("a", "desk"), outcome("a", "desk", PERFORM_ERROR, RunStatus.FAILED)),
    )
    run = run_of("a", "desk")
    assert on_topics(evidence) == Recorded({run: "COMPLETED"}, {run: 1}, {run: frozenset({1, 2})})


def test_a_run_that_differs_is_named_with_what_it_has_and_should_have() -> None:
    ours = Recorded({"r": "FAILED"}, {}, {"r": frozenset({1})})
    theirs = Recorded({"r": "COMPLETED"}, {}, {"r": frozenset({1})})
    assert ours.differences(theirs) == ["1 runs differ in status: r has FAILED, should be COMPLETED"]
    assert ours.differences(ours) == []


def test_the_recorders_tables_are_read_as_they_are(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'events.sqlite3'}")
    schema.metadata.create_all(engine)
    where = {"organization": "demo", "run_id": "r", "topic_partition": 0}
    run = {"organization": "demo", "run_id": "r", "status": "FAILED"} | dict.fromkeys(
        ("webhook_id", "integration_id", "trigger", "event_source", "event_id", "event_type"), "x"
    )
    with engine.begin() as connection:
        connection.execute(insert(schema.runs).values(**run, accepted_ms=1, created_ms=1, attempts=1))
        for offset in (1, 2):
            said = {"event_id": "e", "type": "t", "status": "FAILED", "ended_ms": 1}
            connection.execute(insert(schema.outcomes).values(**where, topic_offset=offset, **said))
            tried = {"number": 1, "step": 0, "started_ms": 1, "duration_ms": 1, "stages": "[]", "succeeded": 0}
            connection.execute(insert(schema.attempts).values(**where, topic_offset=offset, **tried))
    engine.dispose()
    assert recorded(tmp_path / "events.sqlite3") == Recorded({"r": "FAILED"}, {"r": 1}, {"r": frozenset({1})})
