"""The floor: bytes made beforehand, a kept connection, the status of the answer; no timeout, no bound, no failure."""

from __future__ import annotations

import ssl
from pathlib import Path
from urllib.parse import urlsplit

from bench.delivery.bare_http import BareConnection, post_bytes
from bench.http_clients.candidate import Client
from services.dispatcher.core.exchange import Answer, NetworkFailure, Request, Result

DISTRIBUTIONS: tuple[str, ...] = ("httptools", "uvloop")


class BareClient:
    """Keeps connections by URL for ever."""

    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls = tls
        self._made: dict[str, bytes] = {}
        self._idle: dict[str, list[BareConnection]] = {}

    async def send(self, request: Request) -> Result:
        """See `bench.http_clients.candidate.Client`."""
        url = request.url
        idle = self._idle.setdefault(url, [])
        try:
            connection = idle.pop() if idle else await self._open(request)
            status = await connection.post(self._made[url])
        except OSError as error:
            return NetworkFailure(type(error).__name__)
        idle.append(connection)
        return Answer(status, (), b"", False)

    async def _open(self, request: Request) -> BareConnection:
        parts = urlsplit(request.url)
        port = parts.port or 0
        self._made[request.url] = post_bytes(port, parts.path, list(request.headers), request.body)
        return await BareConnection.open(port, self._tls if parts.scheme == "https" else None)

    async def close(self) -> None:
        """See `bench.http_clients.candidate.Client`."""
        for idle in self._idle.values():
            for connection in idle:
                connection.close()


async def open_client(authority: Path, max_connections: int) -> Client:
    """See `bench.http_clients.candidate.CandidateModule`."""
    return BareClient(ssl.create_default_context(cafile=authority))
