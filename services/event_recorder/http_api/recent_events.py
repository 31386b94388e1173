"""``GET /v1/recent-events``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.event_recorder.http_api.answering import json_answer
from services.event_recorder.http_api.listing_parameters import ListingQuery, Text
from services.event_recorder.presentation.recent_events import RecentEventListing, recent_event_listing
from services.event_recorder.queries.reader import Reader
from services.event_recorder.queries.recent_events import SORT, RecentEventFilter, recent_events_page


class RecentEventsQuery(ListingQuery):
    """Parameters of the listing."""

    type: Text | None = Field(default=None, description="type of the event, such as billing.bill.created")
    subject: Text | None = Field(default=None, description="subject of the event")


def recent_events_router(reader: Reader) -> APIRouter:
    """The listing of system events."""
    router = APIRouter(tags=["events"])

    @router.get(
        "/v1/recent-events", summary="List recent system events", responses={200: {"model": RecentEventListing}}
    )
    def list_recent_events(query: Annotated[RecentEventsQuery, Query()]) -> Response:
        """System events that are still kept, by when they were accepted, newest first."""
        wanted = RecentEventFilter(type=query.type, subject=query.subject, since_ms=query.since, until_ms=query.until)
        page = recent_events_page(reader, wanted, query.limit, query.after(len(SORT) - 1))
        return json_answer(recent_event_listing(page))

    return router
