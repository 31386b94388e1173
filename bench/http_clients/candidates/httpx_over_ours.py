"""httpx's requests and responses over the dispatcher's own connections: what the seam itself costs."""

from __future__ import annotations

from pathlib import Path

import httpx

from bench.http_clients.candidate import Client
from bench.http_clients.candidates import our_client
from services.dispatcher.core.exchange import Answer, Request
from services.dispatcher.http_over_httpx import HttpxClient

DISTRIBUTIONS: tuple[str, ...] = ("httpx", "httptools", "uvloop")


class OurTransport(httpx.AsyncBaseTransport):
    """A transport as small as one can be: takes httpx's request apart and builds its response."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises httpx.NetworkError when there was no answer."""
        headers = [(name, value) for name, value in request.headers.items() if name not in ("host", "content-length")]
        result = await self._client.send(
            Request(
                str(request.url), headers, request.content, request.extensions["timeout"]["read"], method=request.method
            )
        )
        if not isinstance(result, Answer):
            raise httpx.NetworkError(result.code)
        return httpx.Response(result.status, headers=list(result.headers), stream=httpx.ByteStream(result.body))

    async def aclose(self) -> None:
        """Close the client beneath."""
        await self._client.close()


async def open_client(authority: Path, max_connections: int) -> Client:
    """See `bench.http_clients.candidate.CandidateModule`."""
    return HttpxClient(OurTransport(await our_client.open_client(authority, max_connections)))
