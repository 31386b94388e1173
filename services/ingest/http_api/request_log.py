"""One wide log line per request: what was asked, what was answered, how long it took. No body, header or query."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.ingest.http_api.health_routes import PROBE_PATHS
from shared.adapters.json_logs import log

_logger = logging.getLogger("hookfleet.http_api")


class RequestLog:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBE_PATHS:
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            log(
                _logger,
                logging.INFO,
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                duration_ms=round((time.perf_counter() - began) * 1000, 2),
            )
