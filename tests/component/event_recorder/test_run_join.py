"""The join of runs in SQL is the join of `core.runs`, on either engine and in any order."""

from __future__ import annotations

from functools import reduce

from hypothesis import HealthCheck, given, settings
from sqlalchemy import Engine, delete, select

from services.event_recorder.core.rows import Reading
from services.event_recorder.core.run_rows import run_of
from services.event_recorder.core.runs import Run, join
from services.event_recorder.schema import run_statistics
from services.event_recorder.schema import runs as runs_table
from services.event_recorder.writer import Writer
from tests.unit.event_recorder.test_runs import ACCOUNTS


# One database for all examples: it is emptied before each, which is what a fresh one would be.
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACCOUNTS)
def test_the_row_is_what_the_accounts_join_to(engine: Engine, accounts: list[Run]) -> None:
    with engine.begin() as connection:
        connection.execute(delete(runs_table))
        connection.execute(delete(run_statistics))
    for account in accounts:
        assert Writer(engine).write([Reading(runs=(account,))]) == []
    with engine.connect() as connection:
        (row,) = connection.execute(select(runs_table)).mappings()
    expected = reduce(join, accounts)
    assert run_of(dict(row)) == expected
    assert (row["attempts"], row["status"], row["error"]) == (expected.attempts, expected.status, expected.error)
    assert row["entity_id"] == expected.entity_id
