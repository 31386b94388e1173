"""How many requests are worked on at once: beyond that a client is told to come back before anything is done for it.

What a request holds besides its body (task, parser, connection buffer) is small and counted nowhere, so their number is
bounded instead. Probes and scrapers always get through: a worker that is full is not dead, and restarting it would make
the others fuller.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from services.ingest.http_api.health_routes import PROBE_PATHS
from services.ingest.http_api.problems import problem_response, unavailable


class RequestLimit:
    """ASGI middleware. Lives on one event loop."""

    def __init__(self, app: ASGIApp, at_once: int) -> None:
        """``at_once``: requests under way."""
        self._app = app
        self._at_once = at_once
        self._under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBE_PATHS:
            await self._app(scope, receive, send)
            return
        if self._under_way >= self._at_once:
            problem = unavailable("Too many requests are being worked on.")
            await problem_response(problem)(scope, receive, send)
            return
        self._under_way += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._under_way -= 1
