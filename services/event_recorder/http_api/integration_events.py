"""``GET /v1/integration-events``."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import AfterValidator, Field

from services.event_recorder.http_api.answering import json_answer
from services.event_recorder.http_api.listing_parameters import IntegrationEventType, ListingQuery, Refused, Text
from services.event_recorder.presentation.integration_events import IntegrationEventListing, integration_event_listing
from services.event_recorder.queries.integration_events import IntegrationEventFilter, integration_events_page
from services.event_recorder.queries.reader import Reader
from shared.core.resources import Identifier

#: Words of a search at most; each is looked for in every row that is scanned.
_MAX_WORDS = 8


class Marked(StrEnum):
    """Whether somebody has dealt with it."""

    NO = "no"
    YES = "yes"
    ALL = "all"

    @property
    def wanted(self) -> bool | None:
        return None if self is Marked.ALL else self is Marked.YES


def _few_words(text: str) -> str:
    if not 1 <= len(text.split()) <= _MAX_WORDS:
        raise Refused("has no words, or too many", f"send 1 to {_MAX_WORDS} words")
    return text


class IntegrationEventsQuery(ListingQuery):
    """Parameters of the listing."""

    type: IntegrationEventType | None = Field(default=None, description="type of the event")
    integration: Identifier | None = Field(default=None, description="id of an integration")
    text: Annotated[Text, AfterValidator(_few_words)] | None = Field(
        default=None,
        description="words that all stand in the message, in any order; ASCII letters match in either case",
    )
    actioned: Marked = Field(default=Marked.NO, description="whether events marked as actioned are listed")
    resolved: Marked = Field(default=Marked.ALL, description="whether events resolved by hand are listed")


def integration_events_router(reader: Reader) -> APIRouter:
    """The listing of integration events."""
    router = APIRouter(tags=["integration events"])

    @router.get(
        "/v1/integration-events",
        summary="List integration events",
        responses={200: {"model": IntegrationEventListing}},
    )
    def list_integration_events(query: Annotated[IntegrationEventsQuery, Query()]) -> Response:
        """How runs ended and what became of integrations, newest first; without those that somebody has actioned unless
        asked for. A page that had to look at many events for few may be short or empty and still have a `next`."""
        wanted = IntegrationEventFilter(
            type=query.type,
            integration_id=query.integration,
            actioned=query.actioned.wanted,
            resolved=query.resolved.wanted,
            words=tuple((query.text or "").split()),
            since_ms=query.since,
            until_ms=query.until,
        )
        return json_answer(
            integration_event_listing(integration_events_page(reader, wanted, query.limit, query.after()))
        )

    return router
