"""What a candidate is, and which there are."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Protocol, cast

from services.dispatcher.core.exchange import Request, Result


class Client(Protocol):
    """Whatever posts requests, as the dispatcher wants it."""

    async def send(self, request: Request) -> Result:
        """Perform ``request``; every failure is a result."""

    async def close(self) -> None:
        """Close all connections."""


class CandidateModule(Protocol):
    """A module of `bench.http_clients.candidates`."""

    DISTRIBUTIONS: tuple[str, ...]

    async def open_client(self, authority: Path, max_connections: int) -> Client:
        """A client that trusts the certificate authority in the PEM file ``authority``. Called on the event loop."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """``name`` is for people and ``--only``; ``module`` stands in `bench.http_clients.candidates`."""

    name: str
    module: str

    def load(self) -> CandidateModule:
        """Raises ImportError when its library is not installed."""
        return cast(CandidateModule, importlib.import_module(f"bench.http_clients.candidates.{self.module}"))


#: From the most that is done for a request to the least.
CANDIDATES = (
    Candidate("httpx", "stock_httpx"),
    Candidate("httpx2", "successor_of_httpx"),
    Candidate("httpx over aiohttp", "httpx_over_aiohttp"),
    Candidate("httpx over our connections", "httpx_over_ours"),
    Candidate("httpx over pyreqwest", "httpx_over_pyreqwest"),
    Candidate("aiohttp", "bare_aiohttp"),
    Candidate("pyreqwest", "bare_pyreqwest"),
    Candidate("our client", "our_client"),
    Candidate("bare asyncio + httptools", "bare_asyncio"),
)


def by_name(name: str) -> Candidate:
    """Raises StopIteration when there is none."""
    return next(each for each in CANDIDATES if each.name == name)


def versions(module: CandidateModule) -> dict[str, str]:
    """Package to version."""
    return {name: version(name) for name in module.DISTRIBUTIONS}
