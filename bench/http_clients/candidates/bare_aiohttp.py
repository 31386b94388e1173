"""aiohttp's client session."""

from __future__ import annotations

import ssl
from pathlib import Path

import aiohttp

from bench.http_clients.candidate import Client
from services.dispatcher.core.exchange import MAX_RESPONSE_BYTES, Answer, NetworkFailure, Request, Result

DISTRIBUTIONS: tuple[str, ...] = ("aiohttp",)


def session(tls: ssl.SSLContext, max_connections: int) -> aiohttp.ClientSession:
    """A session that adds nothing to a request and keeps nothing of an answer. Call it on the event loop."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=15.0, ssl=tls),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding"),
    )


class AiohttpClient:
    """Posts through a session."""

    def __init__(self, opened: aiohttp.ClientSession) -> None:
        self._session = opened

    async def send(self, request: Request) -> Result:
        """See `bench.http_clients.candidate.Client`."""
        try:
            async with self._session.request(
                request.method,
                request.url,
                headers=request.headers,
                data=request.body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=request.timeout_seconds, sock_connect=5.0),
            ) as response:
                body = await response.content.read(MAX_RESPONSE_BYTES + 1)
                return Answer(
                    response.status, [(name.lower(), value) for name, value in response.headers.items()], body, False
                )
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            return NetworkFailure(type(error).__name__)

    async def close(self) -> None:
        """See `bench.http_clients.candidate.Client`."""
        await self._session.close()


async def open_client(authority: Path, max_connections: int) -> Client:
    """See `bench.http_clients.candidate.CandidateModule`."""
    return AiohttpClient(session(ssl.create_default_context(cafile=authority), max_connections))
