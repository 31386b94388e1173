"""``GET /v1/trail``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.event_recorder.acts.trail import Act
from services.event_recorder.http_api.answering import json_answer
from services.event_recorder.http_api.listing_parameters import ListingQuery, Text
from services.event_recorder.presentation.trail import TrailListing, trail_listing
from services.event_recorder.queries.reader import Reader
from services.event_recorder.queries.trail import TrailFilter, trail_page


class TrailQuery(ListingQuery):
    """Parameters of the listing."""

    act: Act | None = Field(default=None, description="what was done")
    by: Text | None = Field(default=None, description="who did it")


def trail_router(reader: Reader) -> APIRouter:
    """The listing of acts."""
    router = APIRouter(tags=["trail"])

    @router.get("/v1/trail", summary="List acts", responses={200: {"model": TrailListing}})
    def list_trail(query: Annotated[TrailQuery, Query()]) -> Response:
        """Who did what and when, newest first."""
        wanted = TrailFilter(act=query.act, by=query.by, since_ms=query.since, until_ms=query.until)
        return json_answer(trail_listing(trail_page(reader, wanted, query.limit, query.after())))

    return router
