"""The disabler as a process: what it is put together from, and how it ends."""

import asyncio
import functools
from collections.abc import Callable, Sequence
from typing import Final

import faust

from services.disabler.faust_app import FaustOutputs, FaustStreakTable, FaustStream, faust_app
from services.disabler.handler import Handler, StreakTable
from services.disabler.settings import DisablerSettings
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.health import Health
from shared.adapters.health_server import HealthServer
from shared.adapters.kafka_clients import table_consumer
from shared.adapters.lifecycle import Supervisor
from shared.adapters.partition_tail import PartitionTail
from shared.adapters.process_metrics import describe_process
from shared.adapters.topic_admin import topics_or_exit
from shared.core.records import Record

NAME: Final = "disabler"


class ThreadedPast:
    """Reads a partition's tail without holding up Faust's loop."""

    def __init__(self, tail: PartitionTail) -> None:
        self._tail = tail

    async def before(self, partition: int, offset: int, count: int) -> Sequence[Record]:
        return await asyncio.to_thread(self._tail.before, partition, offset, count)


def run(settings: DisablerSettings, table_of: Callable[[faust.App], StreakTable] = FaustStreakTable) -> int:
    """Run until a signal or a crash; the process's exit status.

    ``table_of`` makes the table; whoever wants to see what happens around its writes wraps it.

    The caller must end the process with `os._exit`: after a crash Faust's consumer thread would keep the process, and
    the partitions it was assigned, alive.
    """
    topics = settings.topics()
    health = Health()
    describe_process(NAME, health, settings)
    supervisor = Supervisor(health, settings.drain_seconds)
    server = HealthServer(settings.listen_host, settings.listen_port, health)
    supervisor.on_close(server.close)
    topics_or_exit(settings)

    app = faust_app(settings)
    stream = FaustStream(app, topics.integration_events.name)
    tail = PartitionTail(functools.partial(table_consumer, settings), topics.integration_events.name)
    handler = Handler(
        topics, FaustOutputs(app), table_of(app), ThreadedPast(tail), DeadLetterBox(topics.dead_letters.name, NAME)
    )

    health.add("stream", stream.waiting)
    supervisor.spawn("stream", lambda: stream.run(handler.handle, supervisor.stop))
    return supervisor.run()
