"""``/v1/mappings``: pages of external mappings, look-ups in both directions, and many at once.

Reading, updating and deleting one is as for every kind (`resources`). What mappings need besides comes from their
number: a listing has pages, a look-up an index, and whoever brings a table of them has no names for its lines. So
``POST`` derives each id from the question that the mapping answers. Sending the same again therefore changes nothing,
another answer to the same question replaces the first, and an import that was cut short is simply sent again.
"""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.ingest.config_requests import Prepared
from services.ingest.core.config_changes import Apply, Done
from services.ingest.core.mapping_lookup import FIELDS, lookup_of
from services.ingest.http_api.apply import MAX_APPLY_BYTES, MAX_RESOURCES
from services.ingest.http_api.openapi_schema import MAPPINGS_OPERATION
from services.ingest.http_api.request_bodies import RequestBodies, json_object_of
from services.ingest.http_api.resource_documents import COLLECTIONS
from services.ingest.http_api.resources import ResourceApi
from shared.core.faults import Fault, InvalidInput, faults_of
from shared.core.identifiers import is_identifier
from shared.core.problem_documents import invalid
from shared.core.resources import Kind, Mapping

#: As the event recorder's listings have it; the largest page takes 3 ms to read.
_DEFAULT_LIMIT = 50
_MAX_LIMIT = 200
_PATH = f"/v1/{COLLECTIONS[Kind.MAPPING]}"
_Limit = Annotated[
    str | None, Query(description=f"mappings on the page, 1 to {_MAX_LIMIT}; {_DEFAULT_LIMIT} if absent")
]
_Cursor = Annotated[str | None, Query(description="`next` of the page before, unchanged")]
_Exactly = Annotated[str | None, Query(description="only mappings whose field is exactly this")]


class _BulkRequest(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Read one by one afterwards, so that a fault in one does not hide those in another.
    mappings: tuple[object, ...] = Field(max_length=MAX_RESOURCES)


def mappings_router(api: ResourceApi, bodies: RequestBodies) -> APIRouter:
    """What mappings have besides the routes of every kind."""
    router = APIRouter(tags=[COLLECTIONS[Kind.MAPPING]])

    @router.get(_PATH, summary="List or look up mappings")
    async def list_mappings(
        request: Request,
        entity_type: _Exactly = None,
        entity_id: _Exactly = None,
        external_system: _Exactly = None,
        external_table: _Exactly = None,
        external_id: _Exactly = None,
        limit: _Limit = None,
        cursor: _Cursor = None,
    ) -> Response:
        """Mappings by id, a page at a time. Looked up by entity (entity_type and entity_id) or by external id
        (external_system and external_id); the other fields narrow either."""
        _refuse_unknown(request)
        given = (entity_type, entity_id, external_system, external_table, external_id)
        asked = {name: text for name, text in zip(FIELDS, given, strict=True) if text is not None}
        try:
            lookup = lookup_of(asked)
        except InvalidInput as error:
            raise invalid(error.faults, "look-up") from None
        page = await api.mappings(lookup, _after(cursor), _page_size(limit))
        items = [api.document(key, stored) for key, stored in page.items]
        return _json({"items": items, "next": items[-1]["id"] if page.more else None})

    @router.post(_PATH, openapi_extra=MAPPINGS_OPERATION, summary="Create or update many mappings")
    async def put_mappings(request: Request, raw: Annotated[bytes, Depends(bodies.up_to(MAX_APPLY_BYTES))]) -> Response:
        """All of these or none, in one transaction, under ids derived from what they answer."""
        prepared = _prepare(api, json_object_of(request, raw))
        done = await api.write(Apply(tuple(each.put for each in prepared)))
        return _json({"mappings": [_done_document(each) for each in done]})

    return router


def _refuse_unknown(request: Request) -> None:
    unknown = sorted(request.query_params.keys() - {*FIELDS, "limit", "cursor"})
    if unknown:
        faults = [
            Fault(each, "is not a parameter of this request", "remove it or correct its name") for each in unknown
        ]
        raise invalid(faults, "look-up")


def _page_size(limit: str | None) -> int:
    if limit is None:
        return _DEFAULT_LIMIT
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 6 and 1 <= int(limit) <= _MAX_LIMIT):
        fix = f"send a whole number from 1 to {_MAX_LIMIT}"
        raise invalid([Fault("limit", "not a size of a page", fix)], "look-up")
    return int(limit)


def _after(cursor: str | None) -> str:
    if cursor is None:
        return ""
    if not is_identifier(cursor):
        raise invalid([Fault("cursor", "not a cursor", "pass on `next` of the page before, unchanged")], "look-up")
    return cursor


def _prepare(api: ResourceApi, document: dict[str, Any]) -> list[Prepared]:
    """Check every mapping by itself. Raises Problem with the faults of all."""
    try:
        sent = _BulkRequest.model_validate(document).mappings
    except ValidationError as error:
        raise invalid(faults_of(error), "request") from None
    prepared: list[Prepared] = []
    faults: list[Fault] = []
    for index, spec in enumerate(sent):
        field = f"mappings[{index}]"
        try:
            mapping = Mapping.model_validate(spec)
        except ValidationError as error:
            faults.extend(faults_of(error, field))
        else:
            prepared.append(api.requests.prepare(Kind.MAPPING, mapping.question.derived_id(), mapping, field))
    if faults:
        raise invalid(faults, "request")
    return prepared


def _done_document(done: Done) -> dict[str, Any]:
    return {"id": done.key.id, "version": done.version, "change": done.effect.value}


def _json(document: dict[str, Any]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")
