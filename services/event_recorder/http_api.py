"""The query API: what happened, for people and machines, read-only.

Each request reads through a connection of its own and sees the last commit; it never waits for the writer. While the
database is unavailable, or its tables are still being made, the answer is 503 with Retry-After.
"""

import hmac
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from services.event_recorder import presentation
from services.event_recorder.database import unavailable
from services.event_recorder.problems import Problem, problem_response
from services.event_recorder.queries import Queries
from services.event_recorder.query_parameters import (
    IntegrationEventsQuery,
    RunsQuery,
    TraceQuery,
    faults_of_request,
)
from shared.adapters import metrics
from shared.adapters.health import Health
from shared.adapters.json_logs import log
from shared.core.faults import Fault, InvalidInput

_RETRY_AFTER_SECONDS = "5"
_logger = logging.getLogger("hookfleet.recorder.http")


def create_app(queries: Queries, health: Health, api_key: str) -> FastAPI:
    """The recorder's HTTP side."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(_health_routes(health))
    app.include_router(_query_routes(queries), dependencies=[Depends(_key_check(api_key))])
    _answer_errors(app)
    return app


def _json(document: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(document), status, media_type="application/json")


def _health_routes(health: Health) -> APIRouter:
    router = APIRouter()

    @router.get("/healthz")
    async def healthz() -> Response:
        status, document = health.healthz()
        return _json(document, status)

    @router.get("/readyz")
    async def readyz() -> Response:
        status, document = health.readyz()
        return _json(document, status)

    @router.get("/metrics")
    async def scrape() -> Response:
        body, content_type = metrics.render()
        return Response(body, headers={"Content-Type": content_type})

    return router


def _key_check(api_key: str) -> Callable[[Request], None]:
    expected = f"Bearer {api_key}".encode()

    def check(request: Request) -> None:
        said = request.headers.get("authorization", "").encode("utf-8", "replace")
        if not hmac.compare_digest(said, expected):
            raise Problem(
                HTTPStatus.UNAUTHORIZED,
                "The request carries no valid API key.",
                [Fault("Authorization", "missing or not a valid key", "send `Bearer <api key>`")],
            )

    return check


def _query_routes(queries: Queries) -> APIRouter:
    router = APIRouter(prefix="/v1")

    @router.get("/integration-events")
    def list_integration_events(query: Annotated[IntegrationEventsQuery, Query()]) -> Response:
        page = queries.integration_events(
            kind=query.type, integration_id=query.integration, limit=query.limit, after=query.after()
        )
        return _json(presentation.listing(page, [presentation.integration_event_item(row) for row in page.rows]))

    @router.get("/runs")
    def list_runs(query: Annotated[RunsQuery, Query()]) -> Response:
        page = queries.runs(
            integration_id=query.integration,
            status=query.status,
            event_id=query.event,
            limit=query.limit,
            after=query.after(),
        )
        return _json(presentation.listing(page, [presentation.run_item(row) for row in page.rows]))

    @router.get("/runs/{run_id}")
    def read_run(run_id: str) -> Response:
        details = queries.run(run_id)
        if details is None:
            raise Problem(HTTPStatus.NOT_FOUND, "No run of this organization has this id.")
        return _json(presentation.run_details(details))

    # Ids are the producers' to choose and may hold slashes.
    @router.get("/events/{event_id:path}/trace")
    def trace_event(event_id: str, query: Annotated[TraceQuery, Query()]) -> Response:
        sources = queries.sources_of(event_id)
        if query.source is not None:
            sources = [source for source in sources if source == query.source]
        if not sources:
            raise Problem(HTTPStatus.NOT_FOUND, "No event of this organization has this id, or it was not read yet.")
        if len(sources) > 1:
            detail = "Several events have this id; source and id together name one."
            fault = Fault("source", "missing", "send one of: " + ", ".join(sources))
            raise Problem(HTTPStatus.BAD_REQUEST, detail, [fault])
        return _json(presentation.event_trace(queries.trace(sources[0], event_id)))

    return router


def _answer_errors(app: FastAPI) -> None:
    @app.exception_handler(Problem)
    async def refuse(_: Request, problem: Problem) -> Response:
        challenge = {"WWW-Authenticate": "Bearer"} if problem.status is HTTPStatus.UNAUTHORIZED else None
        return problem_response(problem, challenge)

    @app.exception_handler(RequestValidationError)
    async def refuse_parameters(_: Request, error: RequestValidationError) -> Response:
        return problem_response(_bad_request(faults_of_request(error.errors())))

    @app.exception_handler(InvalidInput)
    async def refuse_input(_: Request, error: InvalidInput) -> Response:
        return problem_response(_bad_request(error.faults))

    @app.exception_handler(HTTPException)
    async def refuse_route(_: Request, error: HTTPException) -> Response:
        status = HTTPStatus(error.status_code)
        headers = dict(error.headers) if error.headers else None
        return problem_response(Problem(status, status.description or status.phrase), headers)

    @app.exception_handler(SQLAlchemyError)
    async def database_is_away(_: Request, error: SQLAlchemyError) -> Response:
        log(_logger, logging.WARNING, "query_failed", error=str(unavailable(error)))
        problem = Problem(HTTPStatus.SERVICE_UNAVAILABLE, "The database is unavailable; try again soon.")
        return problem_response(problem, {"Retry-After": _RETRY_AFTER_SECONDS})

    @app.middleware("http")
    async def answer_our_own_faults(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        try:
            return await answer(request)
        except Exception as error:
            _logger.error("request_failed", exc_info=error)
            return problem_response(
                Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The request failed for a reason of our own.")
            )


def _bad_request(faults: Any) -> Problem:
    return Problem(HTTPStatus.BAD_REQUEST, "The request holds parameters that cannot be used.", faults)
