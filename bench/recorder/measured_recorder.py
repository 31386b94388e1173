"""A recorder process under measurement, the topics it reads, and how far it is."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from kafka import OffsetAndMetadata
from kafka.errors import KafkaError

from bench.delivery.process_figures import cpu_times
from bench.recorder.core.traffic import ORGANIZATION
from deploy.local.broker.ports import draw_port
from deploy.local.fleet import FleetFailed, probe
from deploy.local.fleet.cluster_topics import drop_topics, make_topics
from deploy.local.fleet.python_child import last_lines, start_module
from shared.adapters.kafka_clients import admin_client, group_consumer, partitions_of, producer
from shared.adapters.settings import ServiceSettings
from shared.core.records import OutRecord

API_KEY: Final = "bench-key-0123456789"
PARTITIONS: Final = 12
_START_LIMIT_SECONDS = 60.0
_STOP_LIMIT_SECONDS = 30.0
_CHECK_SECONDS = 0.1
_GROUP = "recorder"


class RecordedTopics:
    """Topics under a prefix of their own; made now, dropped by :meth:`close`."""

    def __init__(self, bootstrap: str, prefix: str, env: Mapping[str, str]) -> None:
        self.settings = settings(bootstrap, prefix)
        #: Of every process that uses them; what a shell sets for a fleet of its own is left out.
        self.env = {name: value for name, value in env.items() if not name.startswith("HOOKFLEET_")}
        self.topics = self.settings.topics()
        make_topics(self.settings)
        self._group = group_consumer(self.settings, _GROUP)
        self._admin = admin_client(self.settings)
        self._partitions: list[Any] = [
            partition
            for topic in (self.topics.system_events, self.topics.run_log, self.topics.integration_events)
            for partition in partitions_of(topic.name, topic.partitions)
        ]

    def write(self, records: Iterable[OutRecord]) -> None:
        """Put ``records`` on their topics, acknowledged."""
        client = producer(self.settings)
        for record in records:
            client.send(record.topic, value=record.value, key=record.key, headers=record.headers)
        client.flush()
        client.close()

    def lag(self) -> int:
        """Records that the recorder has not committed."""
        ends = self._group.end_offsets(self._partitions)
        group = str(self._group.config["group_id"])
        committed = self._admin.list_group_offsets({group: self._partitions})[group]  # one question for all of them
        return sum(end - max(0, committed[partition].offset) for partition, end in ends.items())

    def dead_letters(self) -> int:
        """Records that were set aside."""
        topic = self.topics.dead_letters
        return sum(self._group.end_offsets(partitions_of(topic.name, topic.partitions)).values())

    def rewind(self) -> None:
        """Make the group begin again at offset 0, once its last member is gone."""
        offsets = {partition: OffsetAndMetadata(0, "", -1) for partition in self._partitions}
        consumer = group_consumer(self.settings, _GROUP)
        consumer.assign(list(offsets))
        wait_until(lambda: _committed(consumer, offsets), lambda: None)
        consumer.close()

    def close(self) -> None:
        self._group.close(autocommit=False)
        self._admin.close()
        drop_topics(self.settings)


def settings(bootstrap: str, prefix: str) -> ServiceSettings:
    """Of every process here."""
    return ServiceSettings.model_validate(
        {"KAFKA_BOOTSTRAP_SERVERS": bootstrap, "topic_prefix": prefix, "partitions": PARTITIONS}
    )


def _committed(consumer: Any, offsets: Mapping[Any, OffsetAndMetadata]) -> bool:
    try:
        consumer.commit(offsets)
    except KafkaError:
        return False
    return True


def wait_until(
    holds: Callable[[], bool], check: Callable[[], None], limit_seconds: float = _START_LIMIT_SECONDS
) -> None:
    """Raises FleetFailed when it does not hold in time, and whatever ``check`` raises meanwhile."""
    deadline = time.monotonic() + limit_seconds
    while not holds():
        check()
        if time.monotonic() > deadline:
            raise FleetFailed(f"not within {limit_seconds:.0f} s")
        time.sleep(_CHECK_SECONDS)


class MeasuredRecorder:
    """Runs from construction until :meth:`stop`."""

    def __init__(self, topics: RecordedTopics, database_url: str, log: Path) -> None:
        self.port = draw_port()
        self._log = log
        own = {
            "KAFKA_BOOTSTRAP_SERVERS": topics.settings.kafka_bootstrap_servers,
            "HOOKFLEET_TOPIC_PREFIX": topics.settings.topic_prefix,
            "HOOKFLEET_PARTITIONS": str(topics.settings.partitions),
            "HOOKFLEET_API_KEY": API_KEY,
            "HOOKFLEET_ORGANIZATION": ORGANIZATION,
            "HOOKFLEET_DATABASE_URL": database_url,
            "HOOKFLEET_LISTEN_HOST": "127.0.0.1",
            "HOOKFLEET_LISTEN_PORT": str(self.port),
        }
        self._process = start_module("services.event_recorder", env=topics.env | own, output=log)

    def wait_until_ready(self) -> None:
        """Raises FleetFailed when it ends or takes too long."""
        wait_until(lambda: probe.is_ready(self.port), self.check)

    def check(self) -> None:
        """Raises FleetFailed when it has ended by itself."""
        if self._process.poll() is not None:
            raise FleetFailed(f"the recorder ended by itself.{last_lines(self._log)}")

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        return cpu_times(self._process.pid).seconds

    def stop(self) -> None:
        """SIGTERM: it drains and ends; killed when it does not."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextmanager
def recording(topics: RecordedTopics, database_url: str, log: Path) -> Iterator[MeasuredRecorder]:
    """A recorder that is ready, stopped on leaving."""
    recorder = MeasuredRecorder(topics, database_url, log)
    try:
        recorder.wait_until_ready()
        yield recorder
    finally:
        recorder.stop()
