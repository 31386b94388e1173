"""``POST /v1/integration-events/acts`` and ``POST /v1/alerts/acts``."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from services.event_recorder.acts.marks import Marks
from services.event_recorder.acts.trail import Act
from services.event_recorder.http_api.acting import Acting
from services.event_recorder.http_api.answering import json_answer
from services.event_recorder.http_api.listing_parameters import Text
from services.event_recorder.presentation.answers import Answer

#: Things that one request may mark.
MOST_AT_ONCE = 1_000


class EventAct(StrEnum):
    """What can be said of an integration event."""

    ACTIONED = "actioned"
    MANUALLY_RESOLVED = "manually-resolved"


class AlertAct(StrEnum):
    """What can be said of an alert."""

    IN_PROGRESS = "in-progress"
    RESOLVED = "resolved"


_OF_EVENT = {EventAct.ACTIONED: Act.ACTIONED, EventAct.MANUALLY_RESOLVED: Act.MANUALLY_RESOLVED}
_OF_ALERT = {AlertAct.IN_PROGRESS: Act.ALERT_IN_PROGRESS, AlertAct.RESOLVED: Act.ALERT_RESOLVED}


class EventName(BaseModel):
    """An integration event: id and source together name it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Text
    source: Text


class EventActBody(BaseModel):
    """Integration events to mark."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    act: EventAct = Field(description="actioned: dealt with here; manually-resolved: put right at the receiver")
    events: Annotated[tuple[EventName, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class AlertActBody(BaseModel):
    """Alerts to mark."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    act: AlertAct
    alerts: Annotated[tuple[Text, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]


class EventsMarked(Answer):
    """How many were marked now, how many before, and which are not known here."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"done": 2, "already": 1, "unknown": [{"id": "e-9", "source": "hookfleet/dispatcher"}]}
        }
    )

    done: int
    already: int
    unknown: list[EventName]


class AlertsMarked(Answer):
    """How many were marked now, how many before, and which are not known here."""

    model_config = ConfigDict(json_schema_extra={"example": {"done": 1, "already": 0, "unknown": []}})

    done: int
    already: int
    unknown: list[str]


def marks_router(marks: Marks, acting: Acting) -> APIRouter:
    """Marking integration events and alerts."""
    router = APIRouter()

    @router.post(
        "/v1/integration-events/acts",
        tags=["integration events"],
        summary="Mark integration events",
        responses={200: {"model": EventsMarked}},
    )
    def mark_events(body: EventActBody) -> Response:
        """Marks them as actioned or as resolved at the receiver, which are two facts. The first who marks one counts;
        marking it again changes nothing."""
        keys = [(each.id, each.source) for each in body.events]
        marked = marks.mark_events(acting.actor(), _OF_EVENT[body.act], keys)
        unknown = [{"id": id_, "source": source} for id_, source in marked.unknown]
        return json_answer({"done": marked.done, "already": marked.already, "unknown": unknown})

    @router.post("/v1/alerts/acts", tags=["alerts"], summary="Mark alerts", responses={200: {"model": AlertsMarked}})
    def mark_alerts(body: AlertActBody) -> Response:
        """Says that somebody is at it, or that it is over. An alert that comes up again after that is NEW again."""
        marked = marks.mark_alerts(acting.actor(), _OF_ALERT[body.act], body.alerts)
        return json_answer({"done": marked.done, "already": marked.already, "unknown": list(marked.unknown)})

    return router
