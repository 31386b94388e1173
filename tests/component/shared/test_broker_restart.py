"""Loops whose broker is killed and comes back: they wait, and go on where they were."""

import logging
from pathlib import Path

import pytest
from kafka.admin import NewTopic

from deploy.local.broker import start_broker
from shared.adapters.batch_consumer import BatchConsumer
from shared.adapters.delay_consumer import DelayConsumer
from shared.adapters.kafka_clients import admin_client, group_consumer, producer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.core.records import OutRecord
from tests.component.shared.conftest import Run
from tests.waiting import wait_for

TOPIC = "work"


# kafka-python leaves the socket of a refused connection to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_loop_outlives_its_broker_and_handles_what_comes_afterwards(
    tmp_path: Path, run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "hookfleet.broker_patience")
    broker = start_broker(tmp_path)
    try:
        settings = ServiceSettings.model_validate({"KAFKA_BOOTSTRAP_SERVERS": broker.bootstrap})
        admin = admin_client(settings)
        admin.create_topics([NewTopic(TOPIC, 1, 1)])
        admin.close()
        batches: list[bytes | None] = []
        delays: list[bytes | None] = []
        batch_loop = BatchConsumer(
            group_consumer(settings, "batches"), [TOPIC], lambda batch: batches.extend(each.value for each in batch)
        )
        delay_loop = DelayConsumer(
            group_consumer(settings, "delays"),
            [TOPIC],
            lambda record: 0,
            lambda due: delays.extend(each.value for each in due),
            lambda: 1,
        )
        loops = [run(batch_loop.run), run(delay_loop.run)]
        publisher = Publisher(producer(settings), lambda error: None)
        publisher.send([OutRecord(TOPIC, b"k", b"before")]).wait()
        wait_for(lambda: batches == delays == [b"before"], "both loops work")
        broker.kill()
        wait_for(lambda: "poll_failed" in caplog.messages, "a loop was told that its broker is away")
        broker = start_broker(tmp_path, broker.port)
        publisher.send([OutRecord(TOPIC, b"k", b"after")]).wait()
        wait_for(lambda: batches[-1] == delays[-1] == b"after", "both loops go on", 60)
        for loop in loops:
            loop.end()
            assert loop.error is None
        publisher.close()
    finally:
        broker.stop()
