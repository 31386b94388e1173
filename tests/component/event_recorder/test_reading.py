"""What the query API's own connections promise: they write nothing, and an answer's statements see one state. While the
database is away the answer is 503 with the time to come back, and it recovers by itself."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection, Engine, func, insert, make_url, select
from sqlalchemy.exc import SQLAlchemyError

from services.event_recorder.database import reading_engine, writing_engine
from services.event_recorder.migrate import migrate
from services.event_recorder.queries.reader import Reader
from services.event_recorder.schema import resources
from tests.component.event_recorder.described import check_answer
from tests.component.event_recorder.serving import got, serving
from tests.databases import Databases, databases

RESOURCE = {"organization": "acme", "kind": "integration", "id": "i", "version": 1}


@pytest.fixture
def reader(database_url: str) -> Iterator[Reader]:
    engine = reading_engine(database_url)
    yield Reader(engine, "acme")
    engine.dispose()


def known(snapshot: Connection) -> int:
    return snapshot.execute(select(func.count()).select_from(resources)).scalar_one()


def test_a_reading_connection_writes_nothing(reader: Reader) -> None:
    with reader.snapshot() as snapshot, pytest.raises(SQLAlchemyError, match=r"read.?only"):
        snapshot.execute(insert(resources), RESOURCE)


def test_the_statements_of_an_answer_see_one_state(reader: Reader, engine: Engine) -> None:
    with reader.snapshot() as snapshot:
        assert known(snapshot) == 0
        with engine.begin() as writing:
            writing.execute(insert(resources), RESOURCE)
        assert known(snapshot) == 0
    with reader.snapshot() as later:
        assert known(later) == 1


def check_come_back_later(answer: httpx.Response) -> None:
    check_answer(answer)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "urn:hookfleet:problem:unavailable"
    # What the driver says may tell where the database is; that is for the log.
    assert "postgres" not in answer.text
    assert "/tmp" not in answer.text


def test_while_postgresql_is_away_clients_are_told_to_come_back_and_then_it_answers_again() -> None:
    with databases() as made, made.migrated() as url, serving(url) as api, ThreadPoolExecutor(4) as clients:
        got(api, "/v1/runs")
        # Several connections are open when the server goes.
        assert {answer.status_code for answer in clients.map(api.get, ["/v1/alerts"] * 12)} == {200}
        made.server.stop()
        for path in ("/v1/runs", "/v1/runs/r", "/v1/events/e/trace", "/v1/statistics"):
            check_come_back_later(api.get(path))
        assert api.get("/healthz").status_code == 200
        made.server.start_again()
        assert {answer.status_code for answer in clients.map(api.get, ["/v1/runs"] * 12)} == {200}


def test_a_query_that_takes_too_long_is_ended(postgresql: Databases) -> None:
    with postgresql.migrated() as url:
        impatient = make_url(url).update_query_dict({"options": "-c statement_timeout=100ms"})
        writing = writing_engine(url)
        with serving(impatient.render_as_string(hide_password=False)) as api:
            with writing.begin() as held:
                held.exec_driver_sql("LOCK TABLE runs IN ACCESS EXCLUSIVE MODE")
                check_come_back_later(api.get("/v1/runs"))
            assert got(api, "/v1/runs")["items"] == []
        writing.dispose()


def test_a_sqlite_file_that_is_not_there_yet_is_read_once_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "volume"
    url = f"sqlite:///{folder / 'recorder.db'}"
    with serving(url) as api:
        check_come_back_later(api.get("/v1/runs"))
        folder.mkdir()
        check_come_back_later(api.get("/v1/runs"))
        writing = writing_engine(url)
        migrate(writing)
        writing.dispose()
        assert got(api, "/v1/runs")["items"] == []
