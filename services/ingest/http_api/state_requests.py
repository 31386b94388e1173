"""``POST /v1/integrations/{id}/enable`` and ``/disable``: ask the disabler, which alone decides.

202 means that the request stands durably in the order that decides; the state changes when the disabler has read it.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.ingest.core.state_requests import Wish, state_request_record
from services.ingest.http_api.openapi_schema import STATE_REQUEST_OPERATION
from services.ingest.http_api.problems import unavailable
from services.ingest.http_api.request_bodies import RequestBodies, json_object_of
from services.ingest.http_api.resources import ResourceApi
from services.ingest.record_acceptance import NotAcknowledged, RecordAcceptance
from shared.adapters.clock import Clock, rfc3339
from shared.core.faults import faults_of
from shared.core.problem_documents import invalid
from shared.core.resources import Kind

_MAX_BYTES = 4 * 1024
#: Who asks, as far as one static key can tell.
_REQUESTED_BY = "api-key"


class _StateRequestBody(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str | None = Field(default=None, min_length=1, max_length=500)


def state_requests_router(
    api: ResourceApi,
    bodies: RequestBodies,
    *,
    acceptance: RecordAcceptance,
    topic: str,
    clock: Clock,
    new_id: Callable[[], str],
) -> APIRouter:
    """Routes that ask for an integration's state. ``new_id`` gives an id that was never used."""
    router = APIRouter(tags=["integrations"])

    async def ask(wish: Wish, integration_id: str, request: Request, raw: bytes) -> Response:
        try:
            body = _StateRequestBody.model_validate(json_object_of(request, raw) if raw else {})
        except ValidationError as error:
            raise invalid(faults_of(error), "request") from None
        await api.find(Kind.INTEGRATION, integration_id)
        record = state_request_record(
            wish,
            organization=api.requests.organization,
            integration_id=integration_id,
            reason=body.reason,
            seen=api.state(integration_id),
            requested_by=_REQUESTED_BY,
            request_id=new_id(),
            time=rfc3339(clock()),
            topic=topic,
        )
        try:
            await acceptance.accept([record])
        except NotAcknowledged as error:
            raise unavailable(f"The request was not taken for certain: {error}.") from None
        return Response(orjson.dumps({"requested": wish.value}), HTTPStatus.ACCEPTED, None, "application/json")

    body_of = bodies.up_to(_MAX_BYTES)

    @router.post(
        "/v1/integrations/{resource_id}/enable",
        status_code=202,
        openapi_extra=STATE_REQUEST_OPERATION,
        summary="Ask to enable an integration",
    )
    async def enable(request: Request, resource_id: str, raw: Annotated[bytes, Depends(body_of)]) -> Response:
        return await ask(Wish.ENABLE, resource_id, request, raw)

    @router.post(
        "/v1/integrations/{resource_id}/disable",
        status_code=202,
        openapi_extra=STATE_REQUEST_OPERATION,
        summary="Ask to disable an integration",
    )
    async def disable(request: Request, resource_id: str, raw: Annotated[bytes, Depends(body_of)]) -> Response:
        return await ask(Wish.DISABLE, resource_id, request, raw)

    return router
