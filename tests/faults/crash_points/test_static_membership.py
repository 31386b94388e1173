"""A dispatcher that is killed and started again under the same name: its partitions wait, nobody else notices."""

import threading
import time
from collections.abc import Sequence
from contextlib import closing

from kafka import TopicPartition
from kafka.partitioner.default import murmur2

from shared.adapters.history_reader import HistoryReader
from shared.adapters.kafka_clients import group_consumer, table_consumer
from shared.adapters.tracking_consumer import IsLost, Ticket, TrackingConsumer
from shared.core.records import Record
from shared.core.topics import delivery_key
from tests.faults.crash_points.conftest import MakeScene
from tests.faults.crash_points.deliveries import deliver, request
from tests.faults.crash_points.scene import ORGANIZATION, Scene
from tests.flow.receiver import Receiver
from tests.waiting import wait_for

#: Enough for a restart on a busy machine.
SESSION_TIMEOUT_MS = 20_000


class Neighbour:
    """Another member of the send group, in this process, where it can be asked how often it had to join. It is there
    for its partitions and never gets a record."""

    def __init__(self, scene: Scene) -> None:
        settings = scene.settings.model_copy(update={"instance": "neighbour"})
        self._kafka = group_consumer(settings, "send")
        topics = [scene.topics.deliveries.name, scene.topics.deliveries_due.name]
        consumer = TrackingConsumer(self._kafka, topics, self, HistoryReader(lambda: table_consumer(settings)))
        self._stop = threading.Event()
        self._thread = threading.Thread(target=consumer.run, args=(self._stop,), daemon=True)
        self._thread.start()

    def has_room(self, topic: str) -> bool:
        return True

    def took_over(self, partition: int) -> None:
        pass

    def recall(self, finished: Sequence[Record]) -> None:
        raise AssertionError("nothing was ever finished in its partitions")

    def take(self, work: Sequence[tuple[Record, Ticket]]) -> None:
        raise AssertionError("a record came to a partition that was the other's")

    def forget(self, is_lost: IsLost) -> int:
        return 0

    @property
    def partitions(self) -> set[TopicPartition]:
        return set(self._kafka.assignment())

    @property
    def generation(self) -> int:
        """Raised by every rebalance of the group."""
        return int(self._kafka.group_metadata().generation_id)

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=10)


def name_in_partition(number: int, partitions: int) -> str:
    """An integration whose deliveries go to that partition."""
    names = (f"integration-{each}" for each in range(1_000))
    return next(
        name for name in names if (murmur2(delivery_key(ORGANIZATION, name, 0)) & 0x7FFFFFFF) % partitions == number
    )


def test_a_kill_and_a_restart_within_the_session_timeout_move_no_partition_and_delivery_goes_on(
    make_scene: MakeScene, receiver: Receiver
) -> None:
    scene = make_scene(partitions=2, session_timeout_ms=SESSION_TIMEOUT_MS)
    name = name_in_partition(0, partitions=2)
    scene.configure(name, f"{receiver.url}/{name}")
    # Static members share out partitions in the order of their names: this one gets number 0.
    first = scene.start("send", instance="dispatcher")
    first.wait_ready()
    with closing(Neighbour(scene)) as neighbour:
        wait_for(lambda: {each.partition for each in neighbour.partitions} == {1}, "both have their partitions")
        deliver(scene, request(name, "before"))
        generation, partitions = neighbour.generation, neighbour.partitions

        first.kill()
        killed = time.monotonic()
        second = scene.start("send", instance="dispatcher")
        second.wait_ready()
        deliver(scene, request(name, "after"))
        assert time.monotonic() - killed < SESSION_TIMEOUT_MS / 1000, "too slow to say anything about a restart in time"
        assert neighbour.generation == generation, "there was a rebalance"
        assert neighbour.partitions == partitions
    assert [each.webhook_id for each in receiver.requests(f"/{name}")] == ["before", "after"]
