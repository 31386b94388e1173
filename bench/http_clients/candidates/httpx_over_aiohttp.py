"""httpx's requests and responses over aiohttp's connections."""

from __future__ import annotations

import ssl
from pathlib import Path

import aiohttp
from httpx_aiohttp import AiohttpTransport

from bench.http_clients.candidate import Client
from bench.http_clients.candidates.bare_aiohttp import session
from services.dispatcher.http_over_httpx import HttpxClient

DISTRIBUTIONS: tuple[str, ...] = ("httpx", "httpx-aiohttp", "aiohttp")


async def open_client(authority: Path, max_connections: int) -> Client:
    """See `bench.http_clients.candidate.CandidateModule`."""
    opened: aiohttp.ClientSession = session(ssl.create_default_context(cafile=authority), max_connections)
    return HttpxClient(AiohttpTransport(client=opened))
