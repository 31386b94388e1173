"""``GET /v1/events/{event_id}/trace``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.event_recorder.http_api.answering import json_answer
from services.event_recorder.http_api.listing_parameters import Text
from services.event_recorder.presentation.traces import TraceAnswer, trace_document
from services.event_recorder.queries.reader import Reader
from services.event_recorder.queries.traces import sources_of, trace_of
from shared.core.faults import Fault
from shared.core.problem_documents import invalid, not_found


class TraceQuery(BaseModel):
    """Parameters of the trace."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: Text | None = Field(default=None, description="source of the event, needed when several have this id")


def traces_router(reader: Reader) -> APIRouter:
    """What one event led to."""
    router = APIRouter(tags=["events"])

    # Ids are the producers' to choose and may hold slashes.
    @router.get("/v1/events/{event_id:path}/trace", summary="Trace an event", responses={200: {"model": TraceAnswer}})
    def trace_event(event_id: str, query: Annotated[TraceQuery, Query()]) -> Response:
        """Which rules fired, which could not be evaluated and why, and every run that the event led to."""
        sources = sources_of(reader, event_id)
        if query.source is not None:
            sources = [source for source in sources if source == query.source]
        if not sources:
            raise not_found("event with this id, or none that was read yet,")
        if len(sources) > 1:
            fault = Fault("source", "missing, and several events have this id", "send one of: " + ", ".join(sources))
            raise invalid([fault], "request")
        return json_answer(trace_document(trace_of(reader, sources[0], event_id)))

    return router
