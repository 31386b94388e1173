"""The recorder as a process, between a real broker and a real database file."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from services.event_recorder.database import reading_engine
from shared.core.dead_letters import Reason
from shared.core.messages.integration_events import RunStatus
from shared.core.records import Record
from tests.component.event_recorder.recorder_process import CHECKOUT, Fleet, environment, recorder
from tests.component.event_recorder.tables import Contents, contents
from tests.unit.event_recorder import records
from tests.waiting import wait_for

RETRY = records.START_MS + 2_000
DYING = str(Path(__file__).with_name("dying_recorder.py"))


@pytest.fixture
def fleet(kafka_bootstrap: str, topic_prefix: str) -> Fleet:
    return Fleet(kafka_bootstrap, topic_prefix)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where SQLite keeps a database of which the engine does not matter, or its lock does."""
    return tmp_path / "recorder.db"


@pytest.fixture
def reader(empty_database_url: str) -> Iterator[Engine]:
    engine = reading_engine(empty_database_url)
    yield engine
    engine.dispose()


def counted(stored: Contents) -> int:
    """Runs in the statistics."""
    return sum(int(row[-1]) for row in stored["run_statistics"])


def story(events: int = 20) -> list[Record]:
    """Everything that is written about some events: half of them are delivered, half fail, one retry each."""
    told = [records.integration_resource("Bills to ERP"), records.state(True)]
    for number in range(events):
        event = f"e-{number}"
        delivered = number % 2 == 0
        status = RunStatus.COMPLETED if delivered else RunStatus.FAILED
        told += [
            records.system_event(event),
            records.match(event),
            records.attempt(1, event, retry_due_ms=RETRY),
            records.attempt(2, event, succeeded=delivered),
            records.outcome(status, event, attempts=2),
        ]
    return told


def test_what_was_written_to_the_topics_is_what_the_api_tells(fleet: Fleet, empty_database_url: str) -> None:
    fleet.write(story())
    with recorder(fleet, empty_database_url) as process:
        process.wait_ready()
        wait_for(lambda: fleet.lag() == 0, "everything is read")
        runs = process.get("/v1/runs?limit=100")["items"]
        assert len(runs) == 20
        assert {run["status"] for run in runs} == {"COMPLETED", "FAILED"}
        events = process.get("/v1/integration-events?type=integration.perform.error")["items"]
        assert {(event["integration_name"], event["attempts"]) for event in events} == {("Bills to ERP", 2)}
        assert len(events) == 10
        trace = process.get("/v1/events/e-3/trace")
        assert (trace["outcome"], trace["runs"][0]["status"]) == ("matched", "FAILED")
        attempts = process.get(f"/v1/runs/{trace['fired'][0]['run_id']}")["attempts"]
        assert [attempt["number"] for attempt in attempts] == [1, 2]
        metrics = process.http.get("/metrics").text
        assert f'hookfleet_recorder_records_total{{topic="{fleet.topics.run_log.name}"}} 60.0' in metrics
        assert process.end(signal.SIGTERM) == 0
    assert fleet.lag() == 0


def test_unreadable_records_become_dead_letters_and_stop_nothing(fleet: Fleet, file: Path) -> None:
    bad = [
        replace(records.system_event(), value=b"\xff{"),
        replace(records.attempt(), value=b"not json"),
        replace(records.outcome(), value=b'{"specversion":"1.0"}'),
        replace(records.integration_resource("n"), value=b"[]"),
        replace(records.state(True), value=b"\0"),
        # Readable, but no database column takes the number.
        replace(records.match(), value=(records.match().value or b"").replace(b":7", b":1" + b"0" * 30)),
    ]
    fleet.write([*bad, *story(events=2)])
    with recorder(fleet, f"sqlite:///{file}") as process:
        letters = fleet.dead_letters(len(bad))
        wait_for(lambda: fleet.lag() == 0, "everything is read")
        assert len(process.get("/v1/runs")["items"]) == 2
    prefix = fleet.settings.topic_prefix
    assert {(letter.topic, letter.value) for letter in letters} == {(prefix + each.topic, each.value) for each in bad}
    assert {letter.reason for letter in letters} == {Reason.INVALID}
    assert all(letter.service == "event_recorder" and letter.key for letter in letters)
    (number,) = [letter for letter in letters if letter.value == bad[-1].value]
    assert "config_offset" in number.detail


def test_a_kill_between_database_and_offsets_changes_no_row(
    fleet: Fleet, empty_database_url: str, reader: Engine
) -> None:
    fleet.write(story())
    with recorder(fleet, empty_database_url, [DYING]) as dying:
        assert dying.wait() == -signal.SIGKILL, dying.log
    assert fleet.lag() == len(story())
    stored = contents(reader)
    assert sum(map(len, stored.values())) > 0
    with recorder(fleet, empty_database_url) as process:
        wait_for(lambda: fleet.lag() == 0, "everything is read again")
        process.end(signal.SIGTERM)
    after = contents(reader)
    for name in ("attempts", "outcomes", "events", "matches", "resources", "integration_events"):
        assert set(stored[name]) <= set(after[name])
    assert [len(after[name]) for name in ("runs", "attempts", "outcomes", "events", "alerts")] == [20, 40, 20, 20, 1]
    assert counted(after) == 20


def test_two_recorders_share_the_work(fleet: Fleet, empty_database_url: str, reader: Engine) -> None:
    with recorder(fleet, empty_database_url) as one, recorder(fleet, empty_database_url) as other:
        one.wait_ready()
        other.wait_ready()
        fleet.write(story(events=200))
        wait_for(lambda: fleet.lag() == 0, "everything is read")
        for process in (one, other):
            assert "hookfleet_recorder_records_total" in process.http.get("/metrics").text
    stored = contents(reader)
    assert [len(stored[name]) for name in ("runs", "attempts", "outcomes", "events")] == [200, 400, 200, 200]
    assert counted(stored) == 200


def test_reading_whole_topics_again_changes_no_row_and_no_count(
    fleet: Fleet, empty_database_url: str, reader: Engine
) -> None:
    fleet.write(story())
    with recorder(fleet, empty_database_url) as process:
        wait_for(lambda: fleet.lag() == 0, "everything is read")
        process.end(signal.SIGKILL)
    before = contents(reader)
    fleet.rewind()
    assert fleet.lag() == len(story())
    with recorder(fleet, empty_database_url) as process:
        wait_for(lambda: fleet.lag() == 0, "everything is read again")
        runs = process.get("/v1/runs?limit=100")["items"]
    assert contents(reader) == before
    assert {run["superseded_outcomes"] for run in runs} == {0}


def test_a_locked_database_delays_records_and_loses_none(fleet: Fleet, file: Path) -> None:
    with recorder(fleet, f"sqlite:///{file}") as process:
        process.wait_ready()
        holding = sqlite3.connect(file, isolation_level=None)
        holding.execute("BEGIN IMMEDIATE")
        fleet.write(story(events=3))

        def said() -> str:
            return str((process.readiness() or {}).get("waiting", {}).get("database", ""))

        wait_for(lambda: "database is locked" in said(), "readiness names the database")
        assert process.http.get("/healthz").status_code == 200
        assert process.get("/v1/runs")["items"] == []
        holding.rollback()
        holding.close()
        wait_for(lambda: fleet.lag() == 0, "everything is read")
        assert len(process.get("/v1/runs")["items"]) == 3
        process.wait_ready()


def test_a_stop_while_the_database_is_locked_ends_in_time_and_commits_nothing(fleet: Fleet, file: Path) -> None:
    with recorder(fleet, f"sqlite:///{file}") as process:
        process.wait_ready()
        holding = sqlite3.connect(file, isolation_level=None)
        holding.execute("BEGIN IMMEDIATE")
        fleet.write(story(events=3))
        wait_for(lambda: process.readiness() != {"status": "ready"}, "the recorder waits for the database")
        assert process.end(signal.SIGTERM) == 0
        holding.close()
    assert fleet.lag() == len(story(events=3))


def test_bad_settings_are_all_listed_and_end_the_process(fleet: Fleet, file: Path) -> None:
    bad = {"HOOKFLEET_API_KEY": "short", "HOOKFLEET_DATABASE_URL": "mysql://root:hidden@db/x"}
    done = subprocess.run(
        [sys.executable, "-m", "services.event_recorder"],
        cwd=CHECKOUT,
        env=environment(fleet, f"sqlite:///{file}", 0) | bad,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert all(name in done.stderr for name in bad)
    assert "hidden" not in done.stderr
    assert "short" not in done.stderr.replace("too short", "").replace("shorten", "")


def test_logs_are_json_lines_without_bodies(fleet: Fleet, file: Path) -> None:
    fleet.write([replace(records.attempt(), value=b'{"kind":"attempt","secret":"hidden"}')])
    with recorder(fleet, f"sqlite:///{file}") as process:
        fleet.dead_letters(1)
        process.end(signal.SIGTERM)
        lines = [json.loads(line) for line in process.log.splitlines()]
    assert "dead_letter" in {line["message"] for line in lines}
    assert "hidden" not in process.log
