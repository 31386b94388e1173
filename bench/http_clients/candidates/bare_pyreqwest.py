"""pyreqwest: hyper and rustls behind Python, on threads of its own."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from pyreqwest.client import Client as ReqwestClient
from pyreqwest.client import ClientBuilder
from pyreqwest.exceptions import PyreqwestError

from bench.http_clients.candidate import Client
from services.dispatcher.core.exchange import Answer, NetworkFailure, Request, Result

DISTRIBUTIONS: tuple[str, ...] = ("pyreqwest",)


def reqwest_client(authority: Path, max_connections: int) -> ReqwestClient:
    """A client that adds as little to a request as it can be told to."""
    return (
        ClientBuilder()
        .add_root_certificate_pem(authority.read_bytes())
        .follow_redirects(False)
        .referer(False)
        .gzip(False)
        .brotli(False)
        .zstd(False)
        .deflate(False)
        .no_proxy()
        .http1_lower_case_headers()
        .connect_timeout(timedelta(seconds=5))
        .pool_idle_timeout(timedelta(seconds=15))
        .max_connections(max_connections)
        .build()
    )


class PyreqwestClient:
    """Posts through its native interface."""

    def __init__(self, client: ReqwestClient) -> None:
        self._client = client

    async def send(self, request: Request) -> Result:
        """See `bench.http_clients.candidate.Client`."""
        made = (
            self._client.request(request.method, request.url)
            .headers(list(request.headers))
            .body_bytes(request.body)
            .timeout(timedelta(seconds=request.timeout_seconds))
            .build()
        )
        try:
            response = await made.send()
            return Answer(response.status, list(response.headers.items()), bytes(await response.bytes()), False)
        except PyreqwestError as error:
            return NetworkFailure(type(error).__name__)

    async def close(self) -> None:
        """See `bench.http_clients.candidate.Client`."""
        await self._client.close()


async def open_client(authority: Path, max_connections: int) -> Client:
    """See `bench.http_clients.candidate.CandidateModule`."""
    return PyreqwestClient(reqwest_client(authority, max_connections))
