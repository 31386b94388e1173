"""Connections on which nothing is asked: ended in time, so that they cannot use up the process's file descriptors.

uvicorn ends a connection that stays silent after an answer. It waits for ever for a first request, for the rest of a
request's head, for the rest of a body whose request was refused before it was read, and for an answer to be taken. Here
one clock covers them all: it runs whenever no request is under way and stops when the head of one is complete. From
then on the body's own time counts (`services.ingest.http_api.request_bodies`).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


def connections_that_end(silent_seconds: float) -> type[HttpToolsProtocol]:
    """A protocol for uvicorn whose connections may be without a request for ``silent_seconds``."""

    class Connection(HttpToolsProtocol):
        def __init__(self, *given: Any, **more: Any) -> None:
            super().__init__(*given, **more)
            self._clock: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._start_clock()

        def on_headers_complete(self) -> None:
            self._stop_clock()
            super().on_headers_complete()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            # A client may have sent its next requests already; the last one that was read is `cycle`.
            if self.cycle.response_complete:
                self._start_clock()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop_clock()
            super().connection_lost(exc)

        def _start_clock(self) -> None:
            # Closing would wait until what was written has been read, which may be never.
            self._clock = self.loop.call_later(silent_seconds, self.transport.abort)

        def _stop_clock(self) -> None:
            if self._clock is not None:
                self._clock.cancel()
                self._clock = None

    return Connection
