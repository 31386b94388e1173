"""One connection to a receiver: one exchange at a time, and what a peer may do meanwhile.

A request is handed to the transport whole: its body is in memory anyway, so what waits unsent is bounded by the
requests in flight. The answer may come before all of it is sent; it counts, and the connection ends with it, because
what the receiver makes of the rest is unknown. Anything that comes while nothing was asked ends the connection too:
it would be read as the answer to the next request.

A connection ends without ceremony (no TLS close, no wait for the peer): nothing is under way that it could spoil.
"""

import asyncio
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from services.dispatcher.core.exchange import Answer
from services.dispatcher.http_failures import code_of_tls, detail_of_tls
from services.dispatcher.http_request import Origin
from services.dispatcher.http_response import InvalidResponse, ResponseReader


@dataclass(frozen=True, slots=True)
class Broken:
    """An exchange that brought no answer. ``silent``: not one byte of it came."""

    code: str
    silent: bool
    detail: str | None = None


class Connection(asyncio.Protocol):
    """Made by dialing; then `exchange`, again as long as it ``is_usable``."""

    def __init__(self, origin: Origin, forget: Callable[["Connection"], None]) -> None:
        """``forget`` is called when it ends while it is idle."""
        self.origin = origin
        self.is_usable = False
        self._forget = forget
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._reader: ResponseReader | None = None
        self._outcome: asyncio.Future[Answer | Broken] | None = None

    async def exchange(self, head: bytes, body: bytes, deadline: float) -> Answer | Broken:
        """Send a request and read its answer until ``deadline``, in the loop's time. Cancelling ends the connection."""
        transport = self._transport
        if transport is None or not self.is_usable:
            return Broken("connection.closed", silent=True)
        self._reader = ResponseReader()
        self._outcome = self._loop.create_future()
        transport.write(head + body)
        timer = self._loop.call_at(deadline, self._fail, "read.timeout")
        try:
            return await self._outcome
        except asyncio.CancelledError:
            self._take_reader()
            self.abort()
            raise
        finally:
            timer.cancel()
            self._outcome = None

    def abort(self) -> None:
        """End it here and now."""
        self.is_usable = False
        if self._transport is not None:
            self._transport.abort()

    def _take_reader(self) -> ResponseReader | None:
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.release()
        return reader

    def _settle(self, outcome: Answer | Broken) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(outcome)

    def _fail(self, code: str) -> None:
        reader = self._take_reader()
        self.abort()
        self._settle(Broken(code, silent=reader is None or not reader.began))

    # What the transport calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none of asyncio's classes
        self.is_usable = True

    def data_received(self, data: bytes) -> None:
        reader = self._reader
        if reader is None:
            self.abort()
            return
        try:
            whole = reader.feed(data)
        except InvalidResponse:
            self._fail("protocol.invalid")
            return
        if whole:
            self._take_reader()
            if reader.is_last or self._transport is None or self._transport.get_write_buffer_size():
                self.abort()
            self._settle(reader.answer())

    def connection_lost(self, error: Exception | None) -> None:
        self.is_usable = False
        self._transport = None
        reader = self._take_reader()
        if reader is None:
            self._forget(self)
        elif reader.end():
            self._settle(reader.answer())
        else:
            self._settle(_broken_by(error, silent=not reader.began))


def _broken_by(error: Exception | None, *, silent: bool) -> Broken:
    # With TLS 1.3 a server says only after the handshake that it wants another certificate. An end without the
    # protocol's goodbye is no more than an end.
    if isinstance(error, ssl.SSLError) and not isinstance(error, ssl.SSLEOFError):
        return Broken(code_of_tls(error), silent, detail_of_tls(error))
    return Broken("connection.closed", silent)
