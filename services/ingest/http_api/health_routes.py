"""``/healthz``, ``/readyz`` and ``/metrics`` beside the API, without a key: probes and scrapers have none."""

import orjson
from fastapi import APIRouter, Request, Response

from shared.adapters import metrics
from shared.adapters.health import Health

#: Asked every few seconds by machines: neither logged nor ever refused.
PROBE_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


def health_router(health: Health) -> APIRouter:
    """Routes for probes and scrapers; no part of the documented API."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> Response:
        return _answer(health.healthz())

    @router.get("/readyz")
    async def readyz() -> Response:
        return _answer(health.readyz())

    @router.get("/metrics")
    async def scrape(request: Request) -> Response:
        body, content_type = metrics.render(request.headers.get("accept"))
        return Response(body, headers={"Content-Type": content_type})

    return router


def _answer(said: tuple[int, dict[str, object]]) -> Response:
    status, document = said
    return Response(orjson.dumps(document), status, media_type="application/json")
