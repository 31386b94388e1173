"""``/healthz``, ``/readyz`` and ``/metrics`` beside the API, without a key: probes and scrapers have none."""

from fastapi import APIRouter, Request, Response

from services.event_recorder.http_api.answering import json_answer
from shared.adapters import metrics
from shared.adapters.health import Health


def health_router(health: Health) -> APIRouter:
    """Routes for probes and scrapers; no part of the documented API."""
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    async def healthz() -> Response:
        status, document = health.healthz()
        return json_answer(document, status)

    @router.get("/readyz")
    async def readyz() -> Response:
        status, document = health.readyz()
        return json_answer(document, status)

    @router.get("/metrics")
    async def scrape(request: Request) -> Response:
        body, content_type = metrics.render(request.headers.get("accept"))
        return Response(body, headers={"Content-Type": content_type})

    return router
