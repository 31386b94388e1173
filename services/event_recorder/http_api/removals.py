"""``/v1/removals``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.event_recorder.acts.removal_requests import RemovalRequests
from services.event_recorder.acts.replay_requests import NotThere
from services.event_recorder.core.removal import Kind
from services.event_recorder.http_api.acting import Acting
from services.event_recorder.http_api.answering import json_answer
from services.event_recorder.http_api.listing_parameters import ListingQuery, Text
from services.event_recorder.presentation.removals import (
    RemovalItem,
    RemovalListing,
    removal_document,
    removal_listing,
)
from services.event_recorder.queries.reader import Reader
from services.event_recorder.queries.removals import removals_page
from shared.core.faults import Fault, InvalidInput
from shared.core.problem_documents import not_found


class RemovalBody(BaseModel):
    """Who is to be removed, named in one of three ways."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    subject: Text | None = Field(default=None, description="subject of the person's events")
    user_id: Text | None = Field(default=None, description="id of the user who acted, as events have it")
    user_email: Text | None = Field(default=None, description="e-mail address of the user who acted")

    def person(self) -> tuple[Kind, str]:
        """Raises InvalidInput unless there is exactly one."""
        named = [(kind, name) for kind in _KINDS if (name := getattr(self, kind.value)) is not None]
        if len(named) != 1:
            raise InvalidInput([Fault("(body)", f"names {len(named)} persons", "send one of: " + ", ".join(_KINDS))])
        return named[0]


_KINDS = (Kind.SUBJECT, Kind.USER_ID, Kind.USER_EMAIL)


def removals_router(reader: Reader, requests: RemovalRequests, acting: Acting) -> APIRouter:
    """Removing one person's data."""
    router = APIRouter(tags=["removals"])

    @router.post(
        "/v1/removals", status_code=202, summary="Remove a person's data", responses={202: {"model": RemovalItem}}
    )
    def remove(body: RemovalBody) -> Response:
        """Empties every event of the person, and all that came of it: documents, bodies, exchanges, details, names.
        Ids, times, statuses and counts stay. Nothing of it comes back when topics are read again; the topics
        themselves keep their copies until their retention."""
        kind, name = body.person()
        return json_answer(removal_document(requests.remove(acting.actor(), kind, name)), 202)

    @router.get("/v1/removals", summary="List removals", responses={200: {"model": RemovalListing}})
    def list_removals(query: Annotated[ListingQuery, Query()]) -> Response:
        """Removals by when they were asked for, newest first. Of whom is not kept."""
        found = removals_page(reader, query.since, query.until, query.limit, query.after())
        return json_answer(removal_listing(found))

    @router.get("/v1/removals/{removal_id}", summary="Read a removal", responses={200: {"model": RemovalItem}})
    def read(removal_id: str) -> Response:
        """How far a removal is."""
        try:
            return json_answer(removal_document(requests.read(reader.organization, removal_id)))
        except NotThere as missing:
            raise not_found(str(missing)) from None

    return router
