"""``/v1/{webhooks|notification-rules|credentials|integrations}``: read, create, update and delete one resource.

Updates are under the optimistic lock (``If-Match``), so nobody overwrites what they have not seen. Reading is from this
worker's memory and may be milliseconds behind what another ingest has just acknowledged; writing never is. So a
resource that is not found is looked for once more after catching up: "not there" is an answer people act upon.
"""

import re
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Request, Response

from services.ingest.config_requests import ConfigRequests, Refused
from services.ingest.config_table import ConfigTable, StateTable
from services.ingest.config_writer import Unavailable
from services.ingest.core.config_changes import (
    AnyVersion,
    Change,
    Delete,
    Done,
    Effect,
    PutOne,
    ResourceKey,
    Stored,
)
from services.ingest.http_api.openapi_schema import spec_operation
from services.ingest.http_api.problems import invalid, not_found, refused, unavailable
from services.ingest.http_api.request_bodies import RequestBodies, json_object_of
from services.ingest.http_api.resource_documents import COLLECTIONS, etag, path_of, resource_document
from shared.core.faults import Fault, InvalidInput
from shared.core.resources import Kind

#: One spec as sent, in bytes: fifty custom headers of 4 KiB fit.
MAX_SPEC_BYTES = 256 * 1024
_VERSION = re.compile(r'"?(\d{1,18})"?')
_IfMatch = Annotated[
    str | None, Header(alias="If-Match", description='the version this replaces, such as "17"; * for any')
]


class ResourceApi:
    """What the routes of every kind share."""

    def __init__(self, requests: ConfigRequests, table: ConfigTable, states: StateTable) -> None:
        self.requests = requests
        self._table = table
        self._states = states

    async def find(self, kind: Kind, resource_id: str) -> Stored:
        """Raises Problem: 404, or 503 when it cannot be known."""
        key = self.requests.key(kind, resource_id)
        stored = self._table.get(key)
        if stored is None:
            try:
                await self.requests.catch_up()
            except Unavailable as error:
                raise unavailable(f"It is not known whether there is such a resource: {error}.") from None
            stored = self._table.get(key)
        if stored is None:
            raise not_found(str(key))
        return stored

    def all_of(self, kind: Kind) -> list[dict[str, Any]]:
        found = self._table.all_of(kind, self.requests.organization)
        return [self.document(key, stored) for key, stored in found]

    def document(self, key: ResourceKey, stored: Stored) -> dict[str, Any]:
        state = self._states.get(key.organization, key.id) if key.kind is Kind.INTEGRATION else None
        return resource_document(stored.resource, stored.version, state)

    async def write(self, change: Change) -> tuple[Done, ...]:
        """Raises Problem."""
        try:
            return await self.requests.write(change)
        except Refused as error:
            raise refused(error.refusal) from None
        except Unavailable as error:
            raise unavailable(
                f"It is not known whether this was written: {error}. Sending the same again is safe."
            ) from None


def resources_router(api: ResourceApi, bodies: RequestBodies) -> APIRouter:
    """Routes for every kind of resource."""
    router = APIRouter()
    for kind in Kind:
        _add_routes(router, kind, api, bodies)
    return router


def _add_routes(router: APIRouter, kind: Kind, api: ResourceApi, bodies: RequestBodies) -> None:
    collection = COLLECTIONS[kind]
    words = kind.value.replace("-", " ")

    async def list_all() -> Response:
        return _json({"items": api.all_of(kind)})

    async def read(resource_id: str) -> Response:
        stored = await api.find(kind, resource_id)
        document = api.document(api.requests.key(kind, resource_id), stored)
        return _json(document, headers={"ETag": etag(stored.version)})

    async def put(
        request: Request,
        resource_id: str,
        raw: Annotated[bytes, Depends(bodies.up_to(MAX_SPEC_BYTES))],
        if_match: _IfMatch = None,
    ) -> Response:
        try:
            prepared = api.requests.prepare(kind, resource_id, json_object_of(request, raw))
        except InvalidInput as error:
            raise invalid(error.faults, words) from None
        (done,) = await api.write(PutOne(prepared.put, _version(if_match)))
        assert done.resource is not None  # only a deletion has none
        document = api.document(done.key, Stored(done.resource, done.version))
        secret = prepared.secret_to_show(done)
        if secret is not None:
            document["secret"] = secret
        headers = {"ETag": etag(done.version)}
        if done.effect is not Effect.CREATED:
            return _json(document, headers=headers)
        return _json(document, HTTPStatus.CREATED, headers={**headers, "Location": path_of(done.key)})

    async def delete(resource_id: str, if_match: _IfMatch = None) -> Response:
        await api.write(Delete(api.requests.key(kind, resource_id), _version(if_match)))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    def add(path: str, endpoint: Callable[..., Any], method: str, summary: str, **more: Any) -> None:
        router.add_api_route(
            path,
            endpoint,
            methods=[method],
            summary=summary,
            operation_id=f"{endpoint.__name__}_{kind.name.lower()}",
            tags=[collection],
            **more,
        )

    one = f"/v1/{collection}/{{resource_id}}"
    add(f"/v1/{collection}", list_all, "GET", f"List every {words}")
    add(one, read, "GET", f"Read a {words}")
    add(one, put, "PUT", f"Create or update a {words}", openapi_extra=spec_operation(kind))
    add(one, delete, "DELETE", f"Delete a {words}", status_code=204)


def _version(if_match: str | None) -> int | AnyVersion | None:
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return AnyVersion()
    found = _VERSION.fullmatch(if_match.strip())
    if found is None:
        raise invalid([Fault("If-Match", "not a version", 'send a version as it was given, such as "17"')], "header")
    return int(found.group(1))


def _json(
    document: dict[str, Any], status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    return Response(orjson.dumps(document), status, headers, "application/json")
