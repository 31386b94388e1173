"""The FastAPI application: which parts there are and what guards them.

Each request reads through a connection of its own and sees the last commit; it never waits for the writer. While the
database is unavailable, or its tables are still being made, the answer is 503 with Retry-After, and the next request
tries again.
"""

from collections.abc import Iterable

from fastapi import APIRouter, Depends, FastAPI, Request

from services.event_recorder.http_api import openapi_schema, problems
from services.event_recorder.http_api.alerts import alerts_router
from services.event_recorder.http_api.authentication import api_key_check
from services.event_recorder.http_api.body_limit import BodyLimit
from services.event_recorder.http_api.health_routes import health_router
from services.event_recorder.http_api.integration_events import integration_events_router
from services.event_recorder.http_api.recent_events import recent_events_router
from services.event_recorder.http_api.run_statistics import run_statistics_router
from services.event_recorder.http_api.runs import runs_router
from services.event_recorder.http_api.traces import traces_router
from services.event_recorder.http_api.trail import trail_router
from services.event_recorder.queries.reader import Reader
from shared.adapters.clock import Clock
from shared.adapters.health import Health
from shared.core.problem_documents import not_found


async def path_is_text(request: Request) -> None:
    """A dependency that answers for ids with a NUL: nothing can have one, and PostgreSQL refuses to be asked for it."""
    if "\0" in request.scope["path"]:
        raise not_found("resource with such an id")


def create_app(reader: Reader, health: Health, api_key: str, clock: Clock, acts: Iterable[APIRouter] = ()) -> FastAPI:
    """The recorder's HTTP side; ``acts`` are the routes that change something."""
    checks = [Depends(api_key_check(api_key)), Depends(path_is_text)]
    guarded = APIRouter(dependencies=checks, responses=openapi_schema.PROBLEM_RESPONSES)
    for router in (
        integration_events_router(reader),
        runs_router(reader),
        traces_router(reader),
        recent_events_router(reader),
        alerts_router(reader),
        run_statistics_router(reader, clock),
        trail_router(reader),
        *acts,
    ):
        guarded.include_router(router)
    # FastAPI's pages about the document load their scripts from elsewhere, which a closed network refuses.
    app = FastAPI(
        title="Hookfleet event recorder",
        version="1",
        description=openapi_schema.DESCRIPTION,
        openapi_url="/v1/recorder/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(BodyLimit)
    app.include_router(health_router(health))
    app.include_router(guarded)
    problems.install(app)
    openapi_schema.install(app)
    return app
