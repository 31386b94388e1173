"""The migrations make the tables that the code is written for, from any number of processes at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect

from services.event_recorder.acts.tables import replayed_runs
from services.event_recorder.database import writing_engine
from services.event_recorder.migrate import migrate

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
