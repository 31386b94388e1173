"""Events written straight onto a topic while its reader is paused, so that they are there when it begins.

The reader is paused by SIGSTOP rather than started late: starting costs CPU too, and a figure from which that is
subtracted depends on a second measurement. A paused member of a consumer group keeps its partitions for its session
timeout, which is a minute here for Hookfleet and 45 s for Bento; a backlog takes seconds.
"""

from __future__ import annotations

import os
import signal
from types import TracebackType
from typing import Self

from bench.peers.core.numbered_events import ORGANIZATION, encoded, event
from deploy.local.fleet.cluster_topics import make_topics
from shared.adapters.kafka_clients import producer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.core.cloud_events import CONTENT_TYPE
from shared.core.messages.base import ORGANIZATION_HEADER
from shared.core.records import OutRecord
from shared.core.topics import system_event_key

#: Milliseconds that a paused reader of ours keeps its partitions.
SESSION_TIMEOUT_MS = 60_000


class Backlog:
    """Writes to ``system-events`` under one prefix; its topics are made if missing."""

    def __init__(self, settings: ServiceSettings) -> None:
        make_topics(settings)
        self.topic = settings.topics().system_events.name
        # What is refused fails the acknowledgement that `write_while_paused` waits for.
        self._publisher = Publisher(producer(settings), lambda error: None)

    def write_while_paused(self, reader: int, numbers: range) -> None:
        """Pause the process ``reader``, which stays paused, and return when every record is acknowledged.

        Raises PublishFailed."""
        os.kill(reader, signal.SIGSTOP)
        self._publisher.send([self._record(number) for number in numbers]).wait()

    def close(self) -> None:
        self._publisher.close()

    def _record(self, number: int) -> OutRecord:
        document = event(number)
        key = system_event_key(ORGANIZATION, document["subject"], document["id"])
        headers = [(ORGANIZATION_HEADER, ORGANIZATION.encode()), ("content-type", CONTENT_TYPE.encode())]
        return OutRecord(self.topic, key, encoded(number), headers)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def go_on(reader: int) -> None:
    """End the pause."""
    os.kill(reader, signal.SIGCONT)
