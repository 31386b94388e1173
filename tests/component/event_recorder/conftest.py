"""A real database file for each test, and the query API over one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.database import writing_engine
from services.event_recorder.migrate import migrate
from services.event_recorder.writer import Writer
from shared.core.records import Record
from tests.component.event_recorder.serving import serving
from tests.component.event_recorder.tables import empty
from tests.unit.event_recorder import records

READER = RecordReader(records.TOPICS)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'recorder.db'}"


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The writer's engine over a migrated database."""
    engine = writing_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, httpx.Client]]:
    """One API for all tests here, and what writes its database."""
    url = f"sqlite:///{tmp_path_factory.mktemp('api') / 'recorder.db'}"
    engine = writing_engine(url)
    migrate(engine)
    with serving(url) as client:
        yield engine, client
    engine.dispose()


@pytest.fixture
def api(served: tuple[Engine, httpx.Client]) -> httpx.Client:
    """The API over an empty database, which ``store`` fills."""
    engine, client = served
    empty(engine)
    return client


@pytest.fixture
def store(served: tuple[Engine, httpx.Client]) -> Callable[..., None]:
    """Stores records as the recorder does."""
    engine, _ = served

    def write(*batch: Record) -> None:
        writer = Writer(engine, lambda: records.START_MS, event_store_ms=10**15)
        assert writer.write([READER.read(record) for record in batch]) == []

    return write
