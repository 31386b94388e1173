"""uvicorn in a thread of a service: listens from construction on, ends when told, never installs signal handlers."""

import asyncio
import socket
import threading
from typing import Any

import uvicorn
import uvloop

from services.ingest.http_connections import connections_that_end

#: Connections the system queues for us while the loop is busy.
_BACKLOG = 2_048
_STOP_CHECK_SECONDS = 0.05
#: Seconds a connection may be open without a request; longer than uvicorn's own five after an answer.
_SILENT_SECONDS = 20.0


class HttpServer:
    """One application on one address."""

    def __init__(
        self, app: Any, host: str, port: int, drain_seconds: float, silent_seconds: float = _SILENT_SECONDS
    ) -> None:
        """Raises OSError when the address cannot be listened on; port 0 takes any."""
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                http=connections_that_end(silent_seconds),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=max(1, int(drain_seconds)),
            )
        )
        self._socket = socket.create_server((host, port), backlog=_BACKLOG)

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    def run(self, stop: threading.Event) -> None:
        """Serve until ``stop``; then finish the requests under way and return."""
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve(stop))

    async def _serve(self, stop: threading.Event) -> None:
        watching = asyncio.create_task(self._watch(stop))
        await self._server.serve(sockets=[self._socket])
        watching.cancel()

    async def _watch(self, stop: threading.Event) -> None:
        while not stop.is_set():  # noqa: ASYNC110 - a thread's event cannot be awaited
            await asyncio.sleep(_STOP_CHECK_SECONDS)
        self._server.should_exit = True
