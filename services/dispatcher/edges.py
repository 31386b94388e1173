"""Where a dispatcher touches the world: what it reads and commits, what it produces, whom it posts to.

All three are made in one place, so that whoever wants to see what a stop at one of these steps leads to can wrap that
one and run everything else as it is.
"""

from collections.abc import Callable
from typing import Any

from services.dispatcher.http_client import WebhookClient, aiohttp_transport
from services.dispatcher.settings import DispatcherSettings, Role
from shared.adapters.kafka_clients import group_consumer, producer
from shared.adapters.publisher import Publisher


class Edges:
    """Makes the clients of one process."""

    def __init__(self, settings: DispatcherSettings) -> None:
        self._settings = settings

    def consumer(self, role: Role) -> Any:
        """A Kafka consumer in the group of ``role``."""
        return group_consumer(self._settings, role.value)

    def publisher(self, on_failure: Callable[[BaseException], None]) -> Publisher:
        """See `Publisher` for ``on_failure``."""
        return Publisher(producer(self._settings), on_failure)

    async def client(self) -> WebhookClient:
        """To be awaited on the event loop that will use it."""
        return WebhookClient(lambda: aiohttp_transport(self._settings.max_in_flight))
