"""A real database for each test, on either engine, and the query API over one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.database import writing_engine
from services.event_recorder.migrate import migrate
from services.event_recorder.writer import Writer
from shared.core.records import Record
from tests.component.event_recorder.acts_world import World, world
from tests.component.event_recorder.serving import serving
from tests.component.event_recorder.tables import empty
from tests.databases import ENGINES, Databases
from tests.unit.event_recorder import records

READER = RecordReader(records.TOPICS)


@pytest.fixture(params=ENGINES)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if request.param == "sqlite":
        yield _sqlite_url(tmp_path)
        return
    made: Databases = request.getfixturevalue("postgresql")
    with made.empty() as url:
        yield url


@pytest.fixture(params=ENGINES)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with the recorder's tables."""
    with _migrated(request, tmp_path) as url:
        yield url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """The writer's engine over a database with tables."""
    engine = writing_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module", params=ENGINES)
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, httpx.Client]]:
    """One API for all tests here, and what writes its database."""
    with _migrated(request, tmp_path_factory.mktemp("api")) as url:
        engine = writing_engine(url)
        with serving(url) as client:
            yield engine, client
        engine.dispose()


@contextmanager
def _migrated(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if request.param == "sqlite":
        engine = writing_engine(_sqlite_url(folder))
        migrate(engine)
        engine.dispose()
        yield _sqlite_url(folder)
        return
    made: Databases = request.getfixturevalue("postgresql")
    with made.migrated() as url:
        yield url


def _sqlite_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'recorder.db'}"


@pytest.fixture(scope="module", params=ENGINES)
def acts_world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """What people have the recorder do, for all tests of a module."""
    with _migrated(request, tmp_path_factory.mktemp("acts")) as url, world(url) as made:
        yield made


@pytest.fixture
def acting(acts_world: World) -> World:
    """The same with nothing stored yet."""
    acts_world.begin_anew()
    return acts_world


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
        writer = Writer(engine)
        assert writer.write([READER.read(record) for record in batch]) == []

    return write
