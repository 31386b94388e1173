"""A broker with topics of one's own, and threads that end with the test."""

import threading
from collections.abc import Callable, Iterator

import pytest
from kafka import TopicPartition
from kafka.admin import NewTopic
from kafka.partitioner.default import murmur2

from shared.adapters.kafka_clients import admin_client, group_consumer, producer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.core.offset_tracking import decode_finished
from shared.core.topics import Topic

#: The consumer group of the tests of tracking.
GROUP = "tracking"

MakeTopic = Callable[..., str]


@pytest.fixture
def settings(kafka_bootstrap: str, topic_prefix: str) -> ServiceSettings:
    return ServiceSettings.model_validate(
        {
            "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
            "topic_prefix": topic_prefix,
            "partitions": 2,
            "session_timeout_ms": 6_000,
        }
    )


@pytest.fixture
def make_topic(settings: ServiceSettings) -> Iterator[MakeTopic]:
    """Creates a topic under the test's prefix and gives its name."""
    admin = admin_client(settings)

    def make(name: str, partitions: int = 1, *, append_time: bool = False) -> str:
        topic = Topic(f"{settings.topic_prefix}{name}", partitions, 3_600_000, append_time)
        admin.create_topics([NewTopic(topic.name, partitions, 1, topic_configs=topic.settings())])
        admin.wait_for_topics([topic.name], timeout_ms=30_000)
        return topic.name

    yield make
    admin.close()


@pytest.fixture
def publisher(settings: ServiceSettings) -> Iterator[Publisher]:
    failures: list[BaseException] = []
    made = Publisher(producer(settings), failures.append)
    yield made
    made.close()
    assert not failures


class Running:
    """A loop in a thread. ``error`` is what it raised."""

    def __init__(self, run: Callable[[threading.Event], None]) -> None:
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self._run = run
        self._thread = threading.Thread(target=self._guarded, daemon=True)
        self._thread.start()

    def _guarded(self) -> None:
        try:
            self._run(self.stop)
        except BaseException as error:  # noqa: BLE001 - kept for the test to look at
            self.error = error

    @property
    def ended(self) -> bool:
        return not self._thread.is_alive()

    def end(self) -> None:
        """Stop it as SIGTERM would and wait until it has drained."""
        self.stop.set()
        self._thread.join(timeout=30)
        assert self.ended, "the loop did not end"


Run = Callable[[Callable[[threading.Event], None]], Running]


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs a loop in a thread until the test ends."""
    started: list[Running] = []

    def start(loop: Callable[[threading.Event], None]) -> Running:
        started.append(Running(loop))
        return started[-1]

    yield start
    for each in started:
        each.stop.set()
    for each in started:
        each.end()


def keys_of_both_partitions() -> tuple[bytes, bytes]:
    """A key that goes to partition 0 of two and one that goes to partition 1."""
    found: dict[int, bytes] = {}
    for number in range(100):
        key = b"key-%d" % number
        found.setdefault((murmur2(key) & 0x7FFFFFFF) % 2, key)
    return found[0], found[1]


class Observer:
    """Reads what the group under test has committed."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._kafka = group_consumer(settings, GROUP)

    def committed(self, topic: str, partition: int = 0) -> tuple[int, frozenset[int]] | None:
        point = self._kafka.committed(TopicPartition(topic, partition), metadata=True)
        return None if point is None else (point.offset, decode_finished(point.offset, point.metadata))

    def close(self) -> None:
        self._kafka.close()


@pytest.fixture
def observer(settings: ServiceSettings) -> Iterator[Observer]:
    watching = Observer(settings)
    yield watching
    watching.close()
