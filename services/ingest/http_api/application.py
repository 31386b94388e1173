"""The FastAPI application: which parts there are and what guards them."""

from collections.abc import Callable

from fastapi import APIRouter, Depends, FastAPI

from services.ingest.core.event_quota import EventQuota
from services.ingest.http_api import openapi_schema, problems
from services.ingest.http_api.apply import apply_router
from services.ingest.http_api.authentication import api_key_check
from services.ingest.http_api.credentials import credentials_router
from services.ingest.http_api.events import add_events_route
from services.ingest.http_api.health_routes import health_router
from services.ingest.http_api.mappings import mappings_router
from services.ingest.http_api.problems import unavailable
from services.ingest.http_api.request_bodies import RequestBodies
from services.ingest.http_api.request_limit import RequestLimit
from services.ingest.http_api.request_log import RequestLog
from services.ingest.http_api.resources import ResourceApi, resources_router
from services.ingest.http_api.state_requests import state_requests_router
from services.ingest.record_acceptance import RecordAcceptance
from shared.adapters.clock import Clock
from shared.adapters.health import Health
from shared.adapters.tracing import Tracing
from shared.core.topics import Topics

#: Bytes of all request bodies that are being read or worked on: eight of the largest.
_BODY_BYTES_AT_ONCE = 64 * 1024 * 1024
#: Seconds a body may take to arrive: the largest at 2.2 Mbit/s.
_BODY_SECONDS = 30.0
#: Requests worked on at once.
_REQUESTS_AT_ONCE = 1_000
_DESCRIPTION = "System events and configuration come in here. Errors are problem documents (RFC 9457)."


def build_application(
    *,
    api_key: str,
    api: ResourceApi,
    acceptance: RecordAcceptance,
    quota: EventQuota | None,
    health: Health,
    tables_not_ready: Callable[[], str | None],
    topics: Topics,
    clock: Clock,
    new_id: Callable[[], str],
    tracing: Tracing,
) -> FastAPI:
    """Put the routes together. Events are taken as soon as the process listens; configuration once it has been read,
    because before that "there is none" would be a lie."""

    async def configuration_is_read() -> None:
        said = tables_not_ready()
        if said is not None:
            raise unavailable(f"This worker is starting: {said}.")

    bodies = RequestBodies(_BODY_BYTES_AT_ONCE, _BODY_SECONDS)
    guarded = APIRouter(dependencies=[Depends(api_key_check(api_key))], responses=openapi_schema.PROBLEM_RESPONSES)
    configuration = APIRouter(dependencies=[Depends(configuration_is_read)])
    configuration.include_router(resources_router(api, bodies))
    configuration.include_router(credentials_router(api))
    configuration.include_router(mappings_router(api, bodies))
    configuration.include_router(apply_router(api, bodies))
    configuration.include_router(
        state_requests_router(
            api,
            bodies,
            acceptance=acceptance,
            topic=topics.integration_events.name,
            clock=clock,
            new_id=new_id,
        )
    )
    guarded.include_router(configuration)

    # FastAPI's pages about the document load their scripts from elsewhere, which a closed network refuses.
    app = FastAPI(title="Hookfleet ingest", version="1", description=_DESCRIPTION, docs_url=None, redoc_url=None)
    app.add_middleware(RequestLimit, at_once=_REQUESTS_AT_ONCE)
    app.add_middleware(RequestLog)
    app.include_router(health_router(health))
    add_events_route(
        app,
        api_key=api_key,
        acceptance=acceptance,
        bodies=bodies,
        organization=api.requests.organization,
        quota=quota,
        topic=topics.system_events.name,
        clock=clock,
        tracing=tracing,
    )
    app.include_router(guarded)
    problems.install(app)
    openapi_schema.install(app)
    return app
