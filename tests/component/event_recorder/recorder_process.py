"""A recorder as a process of its own on a real broker, and the other side of its topics."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from kafka import OffsetAndMetadata
from kafka.errors import KafkaError

from shared.adapters.kafka_clients import (
    admin_client,
    group_consumer,
    partitions_of,
    producer,
    read,
    table_consumer,
)
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_admin import ensure_topics
from shared.core.dead_letters import DeadLetter, read_dead_letter
from shared.core.records import Record
from shared.core.topics import Topics
from tests.component.event_recorder.serving import API_KEY, free_port
from tests.unit.event_recorder.records import ORGANIZATION
from tests.waiting import wait_for

CHECKOUT = Path(__file__).parents[3]


class Fleet:
    """Topics of a test's own, and what it writes to and reads from them."""

    def __init__(self, bootstrap: str, prefix: str) -> None:
        self.settings = ServiceSettings.model_validate(
            {
                "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
                "topic_prefix": prefix,
                "partitions": 3,
                "session_timeout_ms": 6_000,
            }
        )
        admin = admin_client(self.settings)
        ensure_topics(admin, self.topics, 1)
        admin.close()

    @property
    def topics(self) -> Topics:
        return self.settings.topics()

    def write(self, records: Iterable[Record]) -> None:
        """Put records on their topics under this fleet's prefix, acknowledged."""
        client = producer(self.settings)
        for record in records:
            topic = self.settings.topic_prefix + record.topic
            client.send(topic, value=record.value, key=record.key, headers=list(record.header_list))
        client.flush()
        client.close()

    def dead_letters(self, count: int) -> list[DeadLetter]:
        """The dead letters, once there are so many."""
        partitions = partitions_of(self.topics.dead_letters.name, self.settings.partitions)
        consumer = table_consumer(self.settings)
        consumer.assign(partitions)
        found: list[DeadLetter] = []

        def enough() -> bool:
            for batch in consumer.poll(timeout_ms=200).values():
                found.extend(read_dead_letter(list(each.header_list), each.value) for each in map(read, batch))
            return len(found) >= count

        try:
            wait_for(enough, f"{count} dead letters")
        finally:
            consumer.close()
        return found

    def _recorded(self) -> list[Any]:
        """Every partition that the recorder reads."""
        topics = self.topics
        return [
            partition
            for topic in (
                topics.system_events,
                topics.run_log,
                topics.integration_events,
                topics.config,
                topics.integration_state,
            )
            for partition in partitions_of(topic.name, topic.partitions)
        ]

    def lag(self) -> int:
        """Records that the group has not committed."""
        consumer = group_consumer(self.settings, "recorder")
        try:
            ends = consumer.end_offsets(self._recorded())
            return sum(end - (consumer.committed(partition) or 0) for partition, end in ends.items())
        finally:
            consumer.close()

    def rewind(self) -> None:
        """Make the group begin again at offset 0 of everything, once its dead members are missed."""
        consumer = group_consumer(self.settings, "recorder")
        offsets = {partition: OffsetAndMetadata(0, "", -1) for partition in self._recorded()}
        consumer.assign(list(offsets))

        def accepted() -> bool:
            try:
                consumer.commit(offsets)
            except KafkaError:
                return False
            return True

        wait_for(accepted, "the group is empty")
        consumer.close()


class RecorderProcess:
    """One recorder and a client of its API."""

    def __init__(self, fleet: Fleet, database_url: str, command: list[str]) -> None:
        port = free_port()
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=CHECKOUT,
            env=environment(fleet, database_url, port),
            stderr=subprocess.PIPE,
            text=True,
        )
        headers = {"Authorization": f"Bearer {API_KEY}"}
        self.http = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers)

    def wait_ready(self) -> None:
        wait_for(lambda: self.readiness() == {"status": "ready"}, "the recorder is ready")

    def readiness(self) -> Any:
        """The document of /readyz, None while nobody answers."""
        try:
            return self.http.get("/readyz").json()
        except httpx.TransportError:
            return None

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        return answer.json() if answer.status_code == 200 else None

    def end(self, number: signal.Signals) -> int:
        """Send the signal; the process's exit status."""
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        self.log = self._process.communicate(timeout=60)[1]
        return self._process.returncode

    def close(self) -> None:
        self.http.close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def environment(fleet: Fleet, database_url: str, port: int) -> dict[str, str]:
    settings = fleet.settings
    return {
        **os.environ,
        "PYTHONPATH": str(CHECKOUT),
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "HOOKFLEET_TOPIC_PREFIX": settings.topic_prefix,
        "HOOKFLEET_PARTITIONS": str(settings.partitions),
        "HOOKFLEET_SESSION_TIMEOUT_MS": str(settings.session_timeout_ms),
        "HOOKFLEET_LISTEN_HOST": "127.0.0.1",
        "HOOKFLEET_LISTEN_PORT": str(port),
        "HOOKFLEET_API_KEY": API_KEY,
        "HOOKFLEET_ORGANIZATION": ORGANIZATION,
        "HOOKFLEET_DATABASE_URL": database_url,
        "HOOKFLEET_DRAIN_SECONDS": "10",
    }


RECORDER = ["-m", "services.event_recorder"]


@contextmanager
def recorder(fleet: Fleet, database_url: str, command: list[str] = RECORDER) -> Iterator[RecorderProcess]:
    """A running recorder, killed at the end if it still runs."""
    process = RecorderProcess(fleet, database_url, command)
    try:
        yield process
    finally:
        process.close()
