"""What the dispatcher posts with."""

from __future__ import annotations

import ssl
from pathlib import Path

from bench.http_clients.candidate import Client
from services.dispatcher.http_client import WebhookClient

DISTRIBUTIONS: tuple[str, ...] = ("httptools", "uvloop")


async def open_client(authority: Path, max_connections: int) -> Client:
    """See `bench.http_clients.candidate.CandidateModule`."""
    return WebhookClient(max_connections, ssl.create_default_context(cafile=authority))
