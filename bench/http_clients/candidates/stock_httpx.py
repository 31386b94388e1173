"""httpx as it comes, without its client's cookies and redirects: its transport under the dispatcher's seam."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from bench.http_clients.candidate import Client
from services.dispatcher.http_over_httpx import HttpxClient

DISTRIBUTIONS: tuple[str, ...] = ("httpx", "httpcore", "h11")


async def open_client(authority: Path, max_connections: int) -> Client:
    """See `bench.http_clients.candidate.CandidateModule`."""
    limits = httpx.Limits(
        max_connections=max_connections, max_keepalive_connections=max_connections, keepalive_expiry=15.0
    )
    tls = ssl.create_default_context(cafile=authority)
    return HttpxClient(httpx.AsyncHTTPTransport(verify=tls, trust_env=False, limits=limits))
