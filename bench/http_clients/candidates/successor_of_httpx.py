"""httpx2, httpx's maintained successor: its transport, with its own requests and responses."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx2

from bench.http_clients.candidate import Client
from services.dispatcher.core.exchange import Answer, NetworkFailure, Request, Result

DISTRIBUTIONS: tuple[str, ...] = ("httpx2", "httpcore2")


class SuccessorClient:
    """Posts through ``transport``."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(self, request: Request) -> Result:
        """See `bench.http_clients.candidate.Client`."""
        made = httpx2.Request(
            request.method,
            request.url,
            headers=list(request.headers),
            content=request.body,
            extensions={"timeout": {"connect": 5.0, "read": request.timeout_seconds}},
        )
        try:
            async with asyncio.timeout(request.timeout_seconds):
                response = await self._transport.handle_async_request(made)
                try:
                    body = b"".join([chunk async for chunk in response.aiter_raw()])
                finally:
                    await response.aclose()
                return Answer(response.status_code, response.headers.multi_items(), body, False)
        except (httpx2.HTTPError, OSError) as error:
            return NetworkFailure(type(error).__name__)

    async def close(self) -> None:
        """See `bench.http_clients.candidate.Client`."""
        await self._transport.aclose()


async def open_client(authority: Path, max_connections: int) -> Client:
    """See `bench.http_clients.candidate.CandidateModule`."""
    limits = httpx2.Limits(
        max_connections=max_connections, max_keepalive_connections=max_connections, keepalive_expiry=15.0
    )
    tls = ssl.create_default_context(cafile=authority)
    return SuccessorClient(httpx2.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits))
