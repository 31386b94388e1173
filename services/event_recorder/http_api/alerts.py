"""``GET /v1/alerts``."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.event_recorder.core.alerts import AlertStatus, Severity
from services.event_recorder.http_api.answering import json_answer
from services.event_recorder.http_api.listing_parameters import IntegrationEventType, ListingQuery
from services.event_recorder.presentation.alerts import AlertListing, alert_listing
from services.event_recorder.queries.alerts import AlertFilter, alerts_page
from services.event_recorder.queries.reader import Reader
from shared.core.resources import Identifier


class AlertsQuery(ListingQuery):
    """Parameters of the listing."""

    severity: Severity | None = Field(default=None, description="how bad it is")
    status: AlertStatus | None = Field(default=None, description="what has become of it")
    integration: Identifier | None = Field(default=None, description="id of an integration")
    type: IntegrationEventType | None = Field(
        default=None, description="type of the integration event that it came from"
    )


def alerts_router(reader: Reader) -> APIRouter:
    """The listing of alerts."""
    router = APIRouter(tags=["alerts"])

    @router.get("/v1/alerts", summary="List alerts", responses={200: {"model": AlertListing}})
    def list_alerts(query: Annotated[AlertsQuery, Query()]) -> Response:
        """What somebody should know of, look into or act on, newest first by when it first came up; `since` and `until`
        find what was up in between."""
        wanted = AlertFilter(
            severity=query.severity,
            status=query.status,
            integration_id=query.integration,
            type=query.type,
            since_ms=query.since,
            until_ms=query.until,
        )
        return json_answer(alert_listing(alerts_page(reader, wanted, query.limit, query.after())))

    return router
