"""What a role that posts runs on: an event loop in a thread, an outbox in another, and the HTTP client between them."""

import asyncio
import threading
from collections.abc import Awaitable, Callable

import uvloop

from services.dispatcher.http_client import WebhookClient
from shared.adapters.async_publisher import AsyncPublisher
from shared.adapters.publisher import Publisher


class SendLoop:
    """Runs from construction until :meth:`close`. ``name`` is the role's, for its threads."""

    def __init__(
        self,
        name: str,
        publisher: Publisher,
        make_client: Callable[[], Awaitable[WebhookClient]],
        crash: Callable[[str, BaseException], None],
        gather_seconds: float,
    ) -> None:
        """``gather_seconds``: how long records may wait for company before they are produced; see `AsyncPublisher`."""
        self.loop = uvloop.new_event_loop()
        self.outbox = AsyncPublisher(publisher, gather_seconds)
        self._crash = crash
        self._outbox_name = f"{name}-outbox"
        self._threads = [
            threading.Thread(target=self.loop.run_forever, name=f"{name}-loop", daemon=True),
            threading.Thread(target=self._run_outbox, name=self._outbox_name, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

        async def make() -> WebhookClient:
            return await make_client()

        self.client = asyncio.run_coroutine_threadsafe(make(), self.loop).result()

    def _run_outbox(self) -> None:
        try:
            self.outbox.run()
        except BaseException as error:  # noqa: BLE001 - a thread that dies takes the process with it
            self._crash(self._outbox_name, error)

    def close(self) -> None:
        """Once nothing is under way any more."""
        self.outbox.close()
        self._threads[1].join()
        asyncio.run_coroutine_threadsafe(self.client.close(), self.loop).result()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._threads[0].join()
