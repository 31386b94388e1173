"""``/v1/replays`` and ``POST /v1/runs/{run_id}/replay``."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.event_recorder.acts.replay_requests import NotThere, Refused, ReplayRequests
from services.event_recorder.acts.replay_selection import Wanted
from services.event_recorder.core.replay import Selection
from services.event_recorder.http_api.acting import Acting
from services.event_recorder.http_api.answering import json_answer
from services.event_recorder.http_api.listing_parameters import ListingQuery, Moment
from services.event_recorder.http_api.openapi_schema import problem_answer
from services.event_recorder.presentation.replays import (
    ReplayedRun,
    ReplayItem,
    ReplayListing,
    ReplayOffer,
    offer_document,
    replay_document,
    replay_listing,
    replayed_document,
)
from services.event_recorder.queries.reader import Reader
from services.event_recorder.queries.replays import replays_page
from shared.core.faults import Fault, InvalidInput
from shared.core.problem_documents import conflict, not_found
from shared.core.resources import Identifier

#: Runs per second when nobody says otherwise: slow enough for a receiver that has just come back.
DEFAULT_RATE_PER_SECOND = 10.0
_TITLE = "Not possible as things are"
_REFUSED = problem_answer(
    "not possible as things are, such as for a disabled integration",
    conflict(_TITLE, "The run is under way. Replay it once it has ended."),
)
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[\x21-\x7e]+$",
        description="the same key again, after an answer that was lost, does the same thing once",
    ),
]


class ReplayBody(BaseModel):
    """Which runs of an integration to send again, and how fast."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    integration: Identifier = Field(description="id of the integration")
    selection: Selection = Field(description="runs that failed, that were missed while it was disabled, or both")
    since: Moment = Field(description="triggered then or later")
    until: Moment | None = Field(default=None, description="triggered before; now where absent")
    rate_per_second: float = Field(
        default=DEFAULT_RATE_PER_SECOND, ge=0.1, le=1_000, description="runs sent per second at most"
    )


class OfferQuery(BaseModel):
    """Parameters of the offer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    integration: Identifier = Field(description="id of the integration")


def replays_router(reader: Reader, requests: ReplayRequests, acting: Acting) -> APIRouter:
    """Sending runs again: one, or many."""
    router = APIRouter(tags=["replays"])

    @router.post(
        "/v1/runs/{run_id}/replay",
        status_code=202,
        summary="Replay a run",
        responses={202: {"model": ReplayedRun}, 409: _REFUSED},
    )
    def replay_run(run_id: str, idempotency_key: IdempotencyKey = None) -> Response:
        """Sends what the run's receiver got once more, as a new run with the same `webhook-id`: to the URL and with the
        credentials and the signature of now. A run that was never sent is made from its event as it would be today."""
        with _refusals():
            return json_answer(replayed_document(requests.replay_run(acting.actor(), run_id, idempotency_key)), 202)

    @router.post(
        "/v1/replays",
        status_code=202,
        summary="Replay many runs",
        responses={202: {"model": ReplayItem}, 409: _REFUSED},
    )
    def start(body: ReplayBody, idempotency_key: IdempotencyKey = None) -> Response:
        """Sends again what failed or was missed, oldest first, each message once: not what was delivered since or is
        under way. One replay of an integration at a time. It waits while the integration is disabled."""
        actor = acting.actor()
        until = actor.at_ms if body.until is None else min(body.until, actor.at_ms)
        if body.since >= until:
            raise InvalidInput([Fault("since", "is not in the past, or not before until", "send an earlier time")])
        wanted = Wanted(actor.organization, body.integration, body.selection, body.since, until)
        with _refusals():
            return json_answer(
                replay_document(requests.start(actor, wanted, body.rate_per_second, idempotency_key)), 202
            )

    @router.get("/v1/replays", summary="List replays", responses={200: {"model": ReplayListing}})
    def list_replays(query: Annotated[ListingQuery, Query()]) -> Response:
        """Replays of many runs by when they were asked for, newest first."""
        return json_answer(replay_listing(*replays_page(reader, query.since, query.until, query.limit, query.after())))

    @router.get("/v1/replays/offer", summary="See what could be replayed", responses={200: {"model": ReplayOffer}})
    def offer(query: Annotated[OfferQuery, Query()]) -> Response:
        """What a replay of this integration would send now: asked when one is enabled again."""
        with _refusals():
            return json_answer(
                offer_document(query.integration, requests.offer(reader.organization, query.integration))
            )

    @router.get("/v1/replays/{replay_id}", summary="Read a replay", responses={200: {"model": ReplayItem}})
    def read(replay_id: str) -> Response:
        """How far a replay is."""
        with _refusals():
            return json_answer(replay_document(requests.read(reader.organization, replay_id)))

    @router.post("/v1/replays/{replay_id}/cancel", summary="Cancel a replay", responses={200: {"model": ReplayItem}})
    def cancel(replay_id: str) -> Response:
        """Sends no more of it; what was sent goes on. One that has ended stays as it is."""
        with _refusals():
            return json_answer(replay_document(requests.cancel(acting.actor(), replay_id)))

    return router


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except NotThere as missing:
        raise not_found(str(missing)) from None
    except Refused as refused:
        raise conflict(_TITLE, str(refused)) from None
