"""``GET /v1/statistics`` and ``GET /v1/statistics/integrations``.

Counts are kept by the minute, so times are widened to whole minutes; the first bucket begins with a whole step. How
many buckets one answer may have is bounded, and so are the rows that a question reads.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import Field

from services.event_recorder.http_api.answering import json_answer
from services.event_recorder.http_api.listing_parameters import DEFAULT_LIMIT, MAX_LIMIT, Span
from services.event_recorder.presentation.run_statistics import (
    IntegrationStatisticsAnswer,
    StatisticsAnswer,
    Step,
    integration_statistics_document,
    statistics_document,
)
from services.event_recorder.queries.reader import Reader
from services.event_recorder.queries.run_statistics import tallies_by_integration, tallies_by_time
from shared.adapters.clock import Clock
from shared.core.faults import Fault, InvalidInput
from shared.core.identifiers import is_identifier
from shared.core.resources import Identifier

MAX_BUCKETS: Final = 1_500
_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000


class _TimeQuery(Span):
    """``since`` is a day before ``until`` where absent, and ``until`` is now."""

    def span_ms(self, now_ms: int, step_ms: int) -> tuple[int, int]:
        """The whole minutes asked for, from the start of a step on. Raises InvalidInput when there are none."""
        self.check_span()
        until_ms = now_ms if self.until is None else self.until
        since_ms = max(0, until_ms - _DAY_MS) if self.since is None else self.since
        if since_ms >= until_ms:
            raise InvalidInput([Fault("since", "is in the future", "send a time before now, or send until too")])
        return since_ms - since_ms % step_ms, -(-until_ms // _MINUTE_MS) * _MINUTE_MS


class StatisticsQuery(_TimeQuery):
    """Parameters of the statistics over time."""

    integration: Identifier | None = Field(default=None, description="id of an integration; all together if absent")
    step: Step = Field(default=Step.HOUR, description="how long one bucket is")


class IntegrationStatisticsQuery(_TimeQuery):
    """Parameters of the statistics by integration."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="integrations on the page at most")
    cursor: str | None = Field(default=None, description="`next` of the page before, unchanged")

    def after(self) -> str:
        """The id that the page begins behind. Raises InvalidInput when the cursor is none of ours."""
        if self.cursor is not None and not is_identifier(self.cursor):
            fix = "pass on `next` of the page before, unchanged"
            raise InvalidInput([Fault("cursor", "not a cursor of this listing", fix)])
        return self.cursor or ""


def run_statistics_router(reader: Reader, clock: Clock) -> APIRouter:
    """Statistics of runs."""
    router = APIRouter(tags=["statistics"])

    @router.get("/v1/statistics", summary="Statistics over time", responses={200: {"model": StatisticsAnswer}})
    def read_statistics(query: Annotated[StatisticsQuery, Query()]) -> Response:
        """Runs by when they ended: how many, how, and how long they took from acceptance on. The last day, by the hour,
        unless asked otherwise."""
        since_ms, until_ms = query.span_ms(clock(), query.step.ms)
        buckets = -(-(until_ms - since_ms) // query.step.ms)
        if buckets > MAX_BUCKETS:
            fix = f"ask for at most {MAX_BUCKETS} steps at once, or for longer ones"
            raise InvalidInput([Fault("step", f"gives {buckets} steps from since to until", fix)])
        tallies = tallies_by_time(reader, query.integration, since_ms, until_ms, query.step.ms)
        return json_answer(statistics_document(tallies, since_ms, until_ms, query.step))

    @router.get(
        "/v1/statistics/integrations",
        summary="Statistics by integration",
        responses={200: {"model": IntegrationStatisticsAnswer}},
    )
    def read_integration_statistics(query: Annotated[IntegrationStatisticsQuery, Query()]) -> Response:
        """One line an integration, by id, over the last day unless asked otherwise."""
        since_ms, until_ms = query.span_ms(clock(), _MINUTE_MS)
        page = tallies_by_integration(reader, since_ms, until_ms, query.limit, query.after())
        return json_answer(integration_statistics_document(page, since_ms, until_ms))

    return router
