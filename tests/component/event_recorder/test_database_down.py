"""PostgreSQL is gone while records keep arriving: readiness says so, and once it is back all are there, once."""

from __future__ import annotations

from sqlalchemy import Engine, Table, func, select

from services.event_recorder import schema
from services.event_recorder.database import reading_engine
from shared.adapters.kafka_clients import producer
from shared.core.identifiers import event_id_of_run
from shared.core.messages.integration_events import RUN_COMPLETED, RunStatus
from shared.core.records import Record
from tests.component.event_recorder.recorder_process import Fleet, RecorderProcess, recorder
from tests.databases import databases
from tests.unit.event_recorder import records
from tests.waiting import wait_for

#: Each with four records: 100,000 in all.
EVENTS = 25_000
TABLES = (
    schema.events,
    schema.matches,
    schema.runs,
    schema.attempts,
    schema.outcomes,
    schema.integration_events,
)
TEMPLATE = "e-template"
RUN = records.run_id(TEMPLATE)
END = event_id_of_run(RUN, RUN_COMPLETED)


def story() -> list[Record]:
    """What is written about one event that is delivered."""
    return [
        records.system_event(TEMPLATE),
        records.match(TEMPLATE),
        records.attempt(1, TEMPLATE, succeeded=True),
        records.outcome(RunStatus.COMPLETED, TEMPLATE),
    ]


def as_of(number: int, said: bytes) -> bytes:
    """What the template's record says, said of another event."""
    for name, other in (
        (TEMPLATE, f"e-{number}"),
        (RUN, f"{number:08x}{RUN[8:]}"),
        (END, f"{number:08x}{END[8:]}"),
    ):
        said = said.replace(name.encode(), other.encode())
    return said


def write_all(fleet: Fleet) -> None:
    client, template = producer(fleet.settings), story()
    for number in range(EVENTS):
        for record in template:
            key, value = (as_of(number, each or b"") for each in (record.key, record.value))
            client.send(fleet.settings.topic_prefix + record.topic, value=value, key=key)
    client.flush()
    client.close()


def rows_of(engine: Engine, table: Table) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def waiting_for(process: RecorderProcess) -> str:
    """What readiness says of the database."""
    return str((process.readiness() or {}).get("waiting", {}).get("database", ""))


def test_a_hundred_thousand_records_arrive_while_postgresql_is_down_and_none_is_lost(
    kafka_bootstrap: str, topic_prefix: str
) -> None:
    fleet = Fleet(kafka_bootstrap, topic_prefix)
    with databases() as made, made.empty() as url, recorder(fleet, url) as process:
        process.wait_ready()
        fleet.write(story())
        wait_for(lambda: fleet.lag() == 0, "the first story is read")
        made.server.stop()
        write_all(fleet)
        wait_for(lambda: waiting_for(process), "readiness names the database")
        assert process.http.get("/healthz").status_code == 200
        assert process.http.get("/v1/runs").status_code == 503
        made.server.start_again()
        engine = reading_engine(url)
        wait_for(lambda: rows_of(engine, schema.runs) > 1, "the recorder catches up")
        # And once more, in the middle of it, without a goodbye.
        made.server.kill()
        made.server.start_again()
        wait_for(lambda: fleet.lag() == 0, "everything is read", timeout_seconds=100)
        process.wait_ready()
        stored = [rows_of(engine, table) for table in TABLES]
        with engine.connect() as connection:
            counted = connection.execute(select(func.sum(schema.run_statistics.c.runs))).scalar_one()
        engine.dispose()
        assert {*stored, counted} == {EVENTS + 1}
