"""httpx's requests and responses over pyreqwest, by the transport that it brings for that."""

from __future__ import annotations

from pathlib import Path

from pyreqwest.compatibility.httpx import HttpxTransport

from bench.http_clients.candidate import Client
from bench.http_clients.candidates.bare_pyreqwest import reqwest_client
from services.dispatcher.http_over_httpx import HttpxClient

DISTRIBUTIONS: tuple[str, ...] = ("httpx", "pyreqwest")


async def open_client(authority: Path, max_connections: int) -> Client:
    """See `bench.http_clients.candidate.CandidateModule`."""
    return HttpxClient(HttpxTransport(reqwest_client(authority, max_connections)))
