"""The migrations make the tables that the code is written for, from any number of processes at once."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from services.event_recorder.acts.tables import replayed_runs
from services.event_recorder.database import writing_engine
from services.event_recorder.migrate import migrate
from services.event_recorder.migrations import versions

#: With the tables of acts, which stand in a module of their own.
metadata = replayed_runs.metadata


def test_the_migrated_tables_are_those_of_the_schema(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        found = inspect(connection)
        for table in metadata.sorted_tables:
            assert found.get_pk_constraint(table.name)["constrained_columns"] == table.primary_key.columns.keys()


def test_several_processes_may_migrate_at_once(empty_database_url: str) -> None:
    engines = [writing_engine(empty_database_url) for _ in range(3)]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(migrate, engines))
    assert set(inspect(engines[0]).get_table_names()) == {*metadata.tables, "alembic_version"}
    for engine in engines:
        engine.dispose()


def test_a_migrated_database_is_left_alone(engine: Engine) -> None:
    migrate(engine)
    assert set(inspect(engine).get_table_names()) == {*metadata.tables, "alembic_version"}


def at_revision(connection: Connection, revision: str) -> None:
    """Make the tables as they were then."""
    config = Config()
    config.set_main_option("script_location", str(Path(versions.__file__).parents[1]))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def insert(connection: Connection, table: str, row: Mapping[str, str | int | None]) -> None:
    """A row as an older version stored it; columns that are not named and must be hold a 1."""
    columns = inspect(connection).get_columns(table)
    whole = {each["name"]: row.get(each["name"], None if each["nullable"] else 1) for each in columns}
    names = ", ".join(f'"{name}"' for name in whole)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in whole)})"), whole)


def test_rows_of_the_first_version_get_what_their_documents_say(tmp_path: Path) -> None:
    engine = writing_engine(f"sqlite:///{tmp_path / 'recorder.db'}")
    end = '{"data": {"message": "No.", "chain": ["a"], "entity": {"type": "bill", "id": "b-1"}}}'
    with engine.begin() as connection:
        at_revision(connection, "0001")
        insert(connection, "events", {"organization": "acme", "document": '{"subject": "bill/1"}'})
        insert(connection, "integration_events", {"organization": "acme", "run_id": "r-1", "document": end})
        insert(connection, "runs", {"organization": "acme", "run_id": "r-1", "outcome_offset": 1})
        insert(connection, "runs", {"organization": "acme", "run_id": "r-2", "event_subject": "bill/2"})
    migrate(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT subject FROM events")).scalar_one() == "bill/1"
        assert connection.execute(text("SELECT message FROM integration_events")).scalar_one() == "No."
        runs = connection.execute(text("SELECT entity_type, entity_id, chain FROM runs ORDER BY run_id")).all()
    assert [tuple(run) for run in runs] == [("bill", "b-1", '["a"]'), (None, "bill/2", None)]
    engine.dispose()
