"""``POST /v1/apply``: make the configuration look like these resources, all of them or none.

One transaction. References may point inside it, and no versions are asked for: whoever keeps configuration in files
means the files. Applying twice changes nothing.
"""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.ingest.config_requests import Prepared
from services.ingest.core.config_changes import Apply, Done
from services.ingest.http_api.openapi_schema import APPLY_OPERATION
from services.ingest.http_api.request_bodies import RequestBodies, json_object_of
from services.ingest.http_api.resources import ResourceApi
from shared.core.faults import Fault, InvalidInput, faults_of
from shared.core.problem_documents import invalid
from shared.core.resources import Identifier, Kind

MAX_APPLY_BYTES = 8 * 1024 * 1024
#: Resources in one transaction at most.
MAX_RESOURCES = 1_000


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    id: Identifier
    spec: dict[str, Any]


class _ApplyRequest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Read one by one afterwards, so that a fault in one does not hide those in another.
    resources: tuple[object, ...] = Field(max_length=MAX_RESOURCES)


def apply_router(api: ResourceApi, bodies: RequestBodies) -> APIRouter:
    """The route for bulk configuration."""
    router = APIRouter(tags=["apply"])

    @router.post("/v1/apply", openapi_extra=APPLY_OPERATION, summary="Apply configuration")
    async def apply(request: Request, raw: Annotated[bytes, Depends(bodies.up_to(MAX_APPLY_BYTES))]) -> Response:
        """Create or update many resources in one transaction; what is as wanted already stays as it is."""
        prepared = _prepare(api, json_object_of(request, raw))
        done = await api.write(Apply(tuple(each.put for each in prepared)))
        documents = [_document(*pair) for pair in zip(prepared, done, strict=True)]
        return Response(orjson.dumps({"resources": documents}), media_type="application/json")

    return router


def _prepare(api: ResourceApi, document: dict[str, Any]) -> list[Prepared]:
    """Check every spec by itself. Raises Problem with the faults of all."""
    try:
        wanted = _ApplyRequest.model_validate(document)
    except ValidationError as error:
        raise invalid(faults_of(error), "configuration") from None
    prepared: list[Prepared] = []
    faults: list[Fault] = []
    for index, sent in enumerate(wanted.resources):
        field = f"resources[{index}]"
        try:
            entry = _Entry.model_validate(sent)
            prepared.append(api.requests.prepare(entry.kind, entry.id, entry.spec, f"{field}.spec"))
        except ValidationError as error:
            faults.extend(faults_of(error, field))
        except InvalidInput as error:
            faults.extend(error.faults)
    if faults:
        raise invalid(faults, "configuration")
    return prepared


def _document(prepared: Prepared, done: Done) -> dict[str, Any]:
    document = {
        "kind": done.key.kind.value,
        "id": done.key.id,
        "version": done.version,
        "change": done.effect.value,
    }
    secret = prepared.secret_to_show(done)
    return document if secret is None else {**document, "secret": secret}
