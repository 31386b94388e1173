"""What the dispatcher posts with."""

from __future__ import annotations

import ssl
from ipaddress import ip_network
from pathlib import Path

from bench.http_clients.candidate import Client
from services.dispatcher.core.address_guard import AddressGuard
from services.dispatcher.http_client import WebhookClient

DISTRIBUTIONS: tuple[str, ...] = ("httptools", "uvloop")


async def open_client(authority: Path, max_connections: int) -> Client:
    """See `bench.http_clients.candidate.CandidateModule`."""
    loopback = AddressGuard((ip_network("127.0.0.0/8"),))
    return WebhookClient(max_connections, loopback, lambda: ssl.create_default_context(cafile=authority))
