"""``GET /v1/runs`` and ``GET /v1/runs/{run_id}``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.event_recorder.http_api.answering import json_answer
from services.event_recorder.http_api.listing_parameters import ListingQuery, Text
from services.event_recorder.presentation.run_details import RunDetailsAnswer, run_document
from services.event_recorder.presentation.runs import RunListing, latest_listing, run_listing
from services.event_recorder.queries.latest_runs import LatestOf, latest_runs
from services.event_recorder.queries.reader import Reader
from services.event_recorder.queries.run_details import run_details
from services.event_recorder.queries.runs import RunFilter, runs_page
from shared.core.faults import Fault, InvalidInput
from shared.core.identifiers import is_identifier
from shared.core.messages.delivery import Trigger
from shared.core.messages.integration_events import RunStatus
from shared.core.problem_documents import not_found
from shared.core.resources import Identifier

#: What may stand beside ``latest``.
_WITH_LATEST = frozenset({"latest", "limit", "cursor"})


class RunsQuery(ListingQuery):
    """Parameters of the listing."""

    integration: Identifier | None = Field(default=None, description="id of an integration")
    rule: Identifier | None = Field(default=None, description="id of a notification rule")
    entity: Text | None = Field(
        default=None, description="id of the entity that runs are about, the event's subject where no more is known"
    )
    entity_type: Text | None = Field(default=None, description="type of that entity")
    status: RunStatus | None = Field(default=None, description="status of the run")
    event: Text | None = Field(default=None, description="id of the event that began the run")
    trigger: Trigger | None = Field(default=None, description="what began the run")
    origin: Text | None = Field(default=None, description="id of the run that these came from: its replays")
    latest: LatestOf | None = Field(
        default=None,
        description="one run for each integration or rule that has any, the newest, by its id; with no other filter",
    )

    def check_latest(self) -> None:
        """Raises InvalidInput when something stands beside ``latest`` that it does not take."""
        beside = sorted(self.model_fields_set - _WITH_LATEST)
        faults = [Fault(name, "does not go with latest", "leave one of the two out") for name in beside]
        if self.cursor is not None and not is_identifier(self.cursor):
            faults.append(
                Fault("cursor", "not a cursor of this listing", "pass on `next` of the page before, unchanged")
            )
        if faults:
            raise InvalidInput(faults)


def runs_router(reader: Reader) -> APIRouter:
    """Runs, and one run in full."""
    router = APIRouter(tags=["runs"])

    @router.get("/v1/runs", summary="List runs", responses={200: {"model": RunListing}})
    def list_runs(query: Annotated[RunsQuery, Query()]) -> Response:
        """Runs by when they were created, newest first. A page that had to look at many runs for few may be short or
        empty and still have a `next`."""
        if query.latest is not None:
            query.check_latest()
            return json_answer(latest_listing(latest_runs(reader, query.latest, query.limit, query.cursor or "")))
        wanted = RunFilter(
            integration_id=query.integration,
            rule_id=query.rule,
            entity_type=query.entity_type,
            entity_id=query.entity,
            status=query.status,
            event_id=query.event,
            trigger=query.trigger,
            origin_run_id=query.origin,
            since_ms=query.since,
            until_ms=query.until,
        )
        return json_answer(run_listing(runs_page(reader, wanted, query.limit, query.after())))

    @router.get("/v1/runs/{run_id}", summary="Read a run", responses={200: {"model": RunDetailsAnswer}})
    def read_run(run_id: str) -> Response:
        """A run with its log: every attempt with its stages and the whole HTTP exchange, how it ended, the runs that
        came from it."""
        details = run_details(reader, run_id)
        if details is None:
            raise not_found("run with this id")
        return json_answer(run_document(details))

    return router
