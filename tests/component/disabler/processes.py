"""Disabler processes on a real broker, and what a test writes to and reads from its topics."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from services.disabler.core.streak import Streak, decode_streak
from services.disabler.settings import DisablerSettings
from shared.adapters.kafka_clients import admin_client, group_consumer, partitions_of, producer, read, table_consumer
from shared.adapters.topic_admin import ensure_topics
from shared.core.dead_letters import DeadLetter, read_dead_letter
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    ENABLED,
    IntegrationEvent,
    decode_integration_event,
)
from shared.core.messages.state import IntegrationState
from shared.core.records import OutRecord, Record
from shared.core.topics import Topic, integration_key
from tests.unit.disabler.outcomes import ORGANIZATION

CHECKOUT = Path(__file__).parents[3]
CRASHING = Path(__file__).with_name("crashing_disabler.py")
SLOW_TO_SEEK = Path(__file__).with_name("slowly_seeking_disabler.py")


def wait_until(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for: {what}"
        time.sleep(0.05)


class DisablerProcess:
    """One disabler, started as ``command`` says: arguments of the Python interpreter."""

    def __init__(self, settings: DisablerSettings, command: Sequence[str] = ("-m", "services.disabler")) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=CHECKOUT,
            env={
                **os.environ,
                "PYTHONPATH": str(CHECKOUT),
                "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
                "HOOKFLEET_TOPIC_PREFIX": settings.topic_prefix,
                "HOOKFLEET_PARTITIONS": str(settings.partitions),
                "HOOKFLEET_SESSION_TIMEOUT_MS": str(settings.session_timeout_ms),
                "HOOKFLEET_DATA_DIR": str(settings.data_dir),
                "HOOKFLEET_LISTEN_HOST": "127.0.0.1",
                "HOOKFLEET_LISTEN_PORT": str(self._port),
            },
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def _ready(self) -> bool:
        assert self._process.poll() is None, f"the disabler ended with status {self._process.returncode}"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def wait_ready(self) -> None:
        wait_until(self._ready, "a ready disabler")

    def wait_ended(self, seconds: float = 60.0) -> int:
        """Exit status; the negative number of the signal that ended it."""
        return self._process.wait(seconds)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> int:
        """Ask to stop, as Kubernetes does; the exit status."""
        self._process.terminate()
        return self._process.wait(30)


class Fleet:
    """Topics of their own under a random prefix, with a producer and readers beside the service."""

    def __init__(self, bootstrap: str, data_dir: Path, partitions: int = 6) -> None:
        self.settings = DisablerSettings(
            KAFKA_BOOTSTRAP_SERVERS=bootstrap,
            topic_prefix=f"test-{uuid.uuid4().hex[:8]}.",
            partitions=partitions,
            session_timeout_ms=6_000,
            data_dir=data_dir,
        )
        self.topics = self.settings.topics()
        admin = admin_client(self.settings)
        ensure_topics(admin, self.topics, 1)
        admin.close()
        self._producer = producer(self.settings)
        self._group = group_consumer(self.settings, "disabler")

    def close(self) -> None:
        self._producer.close(timeout=5)
        self._group.close(autocommit=False)
        admin = admin_client(self.settings)
        admin.delete_topics([topic.name for topic in self.topics.all()])
        admin.close()

    def lose_table(self) -> None:
        """Of the changelog nothing is left."""
        admin = admin_client(self.settings)
        admin.delete_topics([self.topics.disabler_streaks.name])
        admin.close()

    def start(self) -> DisablerProcess:
        return DisablerProcess(self.settings)

    def start_crashing(self, point: str) -> DisablerProcess:
        return DisablerProcess(self.settings, [str(CRASHING), point])

    def start_slow_to_seek(self) -> DisablerProcess:
        return DisablerProcess(self.settings, [str(SLOW_TO_SEEK)])

    def send(self, events: Iterable[IntegrationEvent]) -> None:
        name = self.topics.integration_events.name
        self.send_records(OutRecord(name, event.key, event.encode(), event.headers()) for event in events)

    def send_raw(self, key: bytes, value: bytes) -> None:
        self.send_records([OutRecord(self.topics.integration_events.name, key, value)])

    def send_records(self, records: Iterable[OutRecord]) -> None:
        """Those of one partition travel in one batch, but for the first."""
        for record in records:
            self._producer.send(record.topic, value=record.value, key=record.key, headers=record.headers)
        self._producer.flush()

    def handled(self) -> bool:
        """Whether every record sent so far is acknowledged and committed."""
        tps = partitions_of(self.topics.integration_events.name, self.settings.partitions)
        ends = self._group.end_offsets(tps)
        return all(ends[tp] == (self._group.committed(tp) or 0) for tp in tps)

    def wait_handled(self) -> None:
        wait_until(self.handled, "every record handled and committed")

    def records(self, topic: Topic) -> list[Record]:
        """Everything on a topic now, in the order of each partition."""
        consumer = table_consumer(self.settings)
        tps = partitions_of(topic.name, topic.partitions)
        consumer.assign(tps)
        ends = consumer.end_offsets(tps)
        found: list[Record] = []
        while any(consumer.position(tp) < ends[tp] for tp in tps):
            for records in consumer.poll(timeout_ms=200).values():
                found.extend(read(record) for record in records)
        consumer.close()
        return found

    def states(self) -> dict[str, IntegrationState]:
        """The last state of each integration."""
        states = [
            IntegrationState.model_validate_json(r.value or b"") for r in self.records(self.topics.integration_state)
        ]
        return {state.integration_id: state for state in states}

    def announced(self, integration_id: str) -> list[IntegrationEvent]:
        """What the disabler said of an integration, oldest first, repeats included."""
        key = integration_key(ORGANIZATION, integration_id)
        return [
            decode_integration_event(record.value or b"")
            for record in self.records(self.topics.integration_events)
            if record.key == key and dict(record.header_list).get("type", b"").decode() in (DISABLED_ERROR, ENABLED)
        ]

    def dead_letters(self) -> list[DeadLetter]:
        """What was set aside, oldest first."""
        return [read_dead_letter(list(r.header_list), r.value) for r in self.records(self.topics.dead_letters)]

    def streak(self, integration_id: str) -> Streak | None:
        """The last table value of an integration, from the changelog."""
        key = integration_key(ORGANIZATION, integration_id)
        values = [record.value for record in self.records(self.topics.disabler_streaks) if record.key == key]
        return decode_streak(values[-1] or b"") if values else None
