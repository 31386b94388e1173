"""A dispatcher that dies at one step: ``python -m tests.faults.crash_points.dying_dispatcher <point>``.

It is the service as it is, with one of its edges wrapped. At a point of `PRODUCED` it produces, of the records one
piece of work leads to, only those on the topics named there, and dies when they are acknowledged: acknowledgements of
several topics come in any order. ``response`` dies with the receiver's answer in hand; ``commit`` when it is about to
commit progress.
"""

import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from services.dispatcher.bundling_publisher import BundlingPublisher
from services.dispatcher.core.address_guard import AddressGuard
from services.dispatcher.core.exchange import Request, Result
from services.dispatcher.edges import Edges
from services.dispatcher.http_client import WebhookClient
from services.dispatcher.service import run
from services.dispatcher.settings import DispatcherSettings, Role
from shared.adapters.batch_producer import BatchProducer
from shared.adapters.json_logs import configure_logs
from shared.adapters.kafka_clients import producer
from shared.adapters.publisher import Acknowledgement, Publisher
from shared.adapters.settings import load_settings
from shared.core.records import OutRecord
from shared.core.topics import Topics

#: What is acknowledged at a point, as topics without their prefix.
PRODUCED = {
    "requests-and-match-record": {"deliveries", "run-log"},
    "requests-alone": {"deliveries"},
    "match-record-alone": {"run-log"},
    "attempt-record-alone": {"run-log"},
    "outcome-alone": {"integration-events"},
    "retry-alone": {"deliveries-retry-1s"},
    "hop": {"deliveries-due"},
}


def die() -> None:
    """Here and now, with nothing flushed or said to anybody."""
    os.kill(os.getpid(), signal.SIGKILL)


class DyingPublisher(BundlingPublisher):
    """Dies when the records on ``deadly`` topics of the first work that leads to all of them are acknowledged."""

    def __init__(
        self, client: BatchProducer, on_failure: Callable[[BaseException], None], topics: Topics, deadly: set[str]
    ) -> None:
        super().__init__(client, on_failure, topics)
        self._deadly = deadly

    def send(self, records: Sequence[OutRecord]) -> Acknowledgement:
        if not self._deadly <= {record.topic for record in records}:
            return super().send(records)
        acknowledgement = super().send([record for record in records if record.topic in self._deadly])
        acknowledgement.wait()
        die()
        return acknowledgement


class DyingClient(WebhookClient):
    """Dies when the first answer is there."""

    async def send(self, request: Request) -> Result:
        result = await super().send(request)
        die()
        return result


class DyingConsumer:
    """A consumer that dies instead of committing that something is finished which was not when it began."""

    def __init__(self, consumer: Any) -> None:
        self._consumer = consumer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def commit_async(self, points: dict[Any, Any], **options: Any) -> Any:
        for partition, point in points.items():
            before = self._consumer.committed(partition)
            if point.offset > (before or 0):
                die()
        return self._consumer.commit_async(points, **options)


class DyingEdges(Edges):
    """The edges of one process, one of them deadly."""

    def __init__(self, settings: DispatcherSettings, point: str) -> None:
        super().__init__(settings)
        self._point = point

    def consumer(self, role: Role) -> Any:
        consumer = super().consumer(role)
        return DyingConsumer(consumer) if self._point == "commit" else consumer

    def publisher(self, on_failure: Callable[[BaseException], None]) -> Publisher:
        if self._point not in PRODUCED:
            return super().publisher(on_failure)
        deadly = {f"{self._settings.topic_prefix}{name}" for name in PRODUCED[self._point]}
        return DyingPublisher(producer(self._settings), on_failure, self._settings.topics(), deadly)

    async def client(self) -> WebhookClient:
        if self._point != "response":
            return await super().client()
        return DyingClient(self._settings.max_in_flight, AddressGuard(self._settings.allowed_networks))


if __name__ == "__main__":
    settings = load_settings(DispatcherSettings)
    configure_logs("dispatcher", settings.log_level)
    raise SystemExit(run(settings, DyingEdges(settings, sys.argv[1])))
