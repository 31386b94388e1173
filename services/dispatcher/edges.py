"""Where a dispatcher touches the world: what it reads and commits, what it produces, whom it posts to.

All three are made in one place, so that whoever wants to see what a stop at one of these steps leads to can wrap that
one and run everything else as it is.
"""

from collections.abc import Callable
from typing import Any

from services.dispatcher.bundling_publisher import BundlingPublisher
from services.dispatcher.core.address_guard import AddressGuard
from services.dispatcher.http_client import WebhookClient
from services.dispatcher.http_proxy import proxy_at
from services.dispatcher.open_files import make_room
from services.dispatcher.settings import DispatcherSettings, Role
from shared.adapters.kafka_clients import group_consumer, producer
from shared.adapters.publisher import Publisher

#: Idle connections kept for each request that may be under way: with as many as requests, every change in who is called
#: would close one that is needed next, and with TLS opening it again costs more than the whole delivery.
_KEPT_PER_SLOT = 4
#: Of one partition, compressed, in one fetch. The delay stage keeps what it has read until its time comes, from every
#: partition of every tier, and a record may hold a hundred runs: 36 partitions full of bundles of runs of 1.6 KB took
#: 25 MiB, and 92 with Kafka's default of a mebibyte. What is larger than that comes alone.
_DELAY_FETCH_BYTES = 256 * 1024


class Edges:
    """Makes the clients of one process."""

    def __init__(self, settings: DispatcherSettings) -> None:
        self._settings = settings

    def consumer(self, role: Role) -> Any:
        """A Kafka consumer in the group of ``role``."""
        if role is Role.DELAY:
            return group_consumer(self._settings, role.value, _DELAY_FETCH_BYTES)
        return group_consumer(self._settings, role.value)

    def publisher(self, on_failure: Callable[[BaseException], None]) -> Publisher:
        """See `Publisher` for ``on_failure``."""
        return BundlingPublisher(producer(self._settings), on_failure, self._settings.topics())

    async def client(self) -> WebhookClient:
        """To be awaited on the event loop that will use it."""
        kept = _KEPT_PER_SLOT * self._settings.max_in_flight
        make_room(kept + self._settings.max_in_flight)
        settings = self._settings
        return WebhookClient(kept, AddressGuard(settings.allowed_networks), proxy=proxy_at(settings.proxy_url))
