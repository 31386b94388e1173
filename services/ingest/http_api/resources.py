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
from services.ingest.core.connection_state import connection
from services.ingest.core.mapping_lookup import Lookup
from services.ingest.http_api.openapi_schema import spec_operation
from services.ingest.http_api.problems import refused, unavailable
from services.ingest.http_api.request_bodies import RequestBodies, json_object_of
from services.ingest.http_api.resource_documents import COLLECTIONS, etag, path_of, resource_document, state_document
from services.ingest.mapping_table import MappingPage
from services.ingest.resealing import Resealed, reseal
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.state import IntegrationState
from shared.core.problem_documents import invalid, not_found
from shared.core.resources import Integration, Kind, NotificationRule, Resource, Webhook

#: One spec as sent, in bytes: fifty custom headers of 4 KiB fit.
MAX_SPEC_BYTES = 256 * 1024
_VERSION = re.compile(r'"?(\d{1,18})"?')
IfMatch = Annotated[
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
            await self._catch_up()
            stored = self._table.get(key)
        if stored is None:
            raise not_found(str(key))
        return stored

    def state(self, integration_id: str) -> IntegrationState | None:
        """Enabled or disabled, as the disabler said last; null where it never had to."""
        return self._states.get(self.requests.organization, integration_id)

    async def mappings(self, lookup: Lookup | None, after: str, limit: int) -> MappingPage:
        """A page of mappings. Raises Problem when it cannot be known that nothing is found."""
        page = self._table.mappings(self.requests.organization, lookup, after, limit)
        if lookup is not None and not page.items:
            await self._catch_up()
            page = self._table.mappings(self.requests.organization, lookup, after, limit)
        return page

    async def _catch_up(self) -> None:
        try:
            await self.requests.catch_up()
        except Unavailable as error:
            raise unavailable(f"It is not known whether there is such a resource: {error}.") from None

    def all_of(self, kind: Kind) -> list[dict[str, Any]]:
        found = self._table.all_of(kind, self.requests.organization)
        return [self.document(key, stored) for key, stored in found]

    def document(self, key: ResourceKey, stored: Stored) -> dict[str, Any]:
        document = resource_document(stored.resource, stored.version)
        if isinstance(stored.resource.spec, Integration):
            document["state"] = self._state(stored.resource.spec, key)
        return document

    def _state(self, integration: Integration, key: ResourceKey) -> dict[str, Any]:
        rule = self._resource(Kind.NOTIFICATION_RULE, integration.rule)
        hook = self._resource(Kind.WEBHOOK, integration.webhook)
        webhook = hook.spec if hook is not None and isinstance(hook.spec, Webhook) else None
        credentials = () if webhook is None else webhook.credentials
        state = self.state(key.id)
        facts = connection(
            rule.spec if rule is not None and isinstance(rule.spec, NotificationRule) else None,
            webhook,
            [self.requests.is_usable(self._resource(Kind.CREDENTIAL, each)) for each in credentials],
            enabled=state is None or state.enabled,
        )
        return state_document(facts, state)

    def _resource(self, kind: Kind, resource_id: str) -> Resource | None:
        stored = self._table.get(self.requests.key(kind, resource_id))
        return None if stored is None else stored.resource

    async def reseal(self) -> Resealed:
        """Raises Problem."""
        try:
            return await reseal(self.requests, self._table)
        except Unavailable as error:
            raise unavailable(f"Not all was sealed anew: {error}. Asking again goes on where it stopped.") from None

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
        return json_response({"items": api.all_of(kind)})

    async def read(resource_id: str) -> Response:
        stored = await api.find(kind, resource_id)
        document = api.document(api.requests.key(kind, resource_id), stored)
        return json_response(document, headers={"ETag": etag(stored.version)})

    async def put(
        request: Request,
        resource_id: str,
        raw: Annotated[bytes, Depends(bodies.up_to(MAX_SPEC_BYTES))],
        if_match: IfMatch = None,
    ) -> Response:
        try:
            prepared = api.requests.prepare(kind, resource_id, json_object_of(request, raw))
        except InvalidInput as error:
            raise invalid(error.faults, words) from None
        (done,) = await api.write(PutOne(prepared.put, version_of(if_match)))
        assert done.resource is not None  # only a deletion has none
        document = api.document(done.key, Stored(done.resource, done.version))
        secret = prepared.secret_to_show(done)
        if secret is not None:
            document["secret"] = secret
        headers = {"ETag": etag(done.version)}
        if done.effect is not Effect.CREATED:
            return json_response(document, headers=headers)
        return json_response(document, HTTPStatus.CREATED, headers={**headers, "Location": path_of(done.key)})

    async def delete(resource_id: str, if_match: IfMatch = None) -> Response:
        await api.write(Delete(api.requests.key(kind, resource_id), version_of(if_match)))
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
    if kind is not Kind.MAPPING:  # there may be a million: they are listed in pages (`mappings`)
        add(f"/v1/{collection}", list_all, "GET", f"List every {words}")
    add(one, read, "GET", f"Read a {words}")
    add(one, put, "PUT", f"Create or update a {words}", openapi_extra=spec_operation(kind))
    add(one, delete, "DELETE", f"Delete a {words}", status_code=204)


def version_of(if_match: str | None) -> int | AnyVersion | None:
    """What an ``If-Match`` header names. Raises Problem."""
    if if_match is None:
        return None
    if if_match.strip() == "*":
        return AnyVersion()
    found = _VERSION.fullmatch(if_match.strip())
    if found is None:
        raise invalid([Fault("If-Match", "not a version", 'send a version as it was given, such as "17"')], "header")
    return int(found.group(1))


def json_response(
    document: dict[str, Any], status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> Response:
    """``document`` as an answer."""
    return Response(orjson.dumps(document), status, headers, "application/json")
