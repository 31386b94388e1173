"""What is done with credentials besides writing them: rotate and retire secrets, help receivers to verify, seal anew.

A rotation has two acts with time in between. ``rotate`` adds a secret, shown in the answer and never again; from then
on requests carry a signature of each, and receivers change over whenever they like. ``retire`` leaves the newest.
"""

from typing import Any

from fastapi import APIRouter, Response

from services.ingest.core.config_changes import ChangeSecrets, Stored
from services.ingest.core.verification_snippets import snippets_for
from services.ingest.http_api.resource_documents import etag
from services.ingest.http_api.resources import IfMatch, ResourceApi, json_response, version_of
from shared.core.faults import Fault
from shared.core.problem_documents import invalid
from shared.core.resources import HmacCredential, Kind


def credentials_router(api: ResourceApi) -> APIRouter:
    """Routes below ``/v1/credentials``."""
    router = APIRouter(prefix="/v1/credentials", tags=["credentials"])

    async def changed(change: ChangeSecrets, **more: str) -> Response:
        (done,) = await api.write(change)
        assert done.resource is not None  # only a deletion has none
        document = api.document(done.key, Stored(done.resource, done.version))
        return json_response({**document, **more}, headers={"ETag": etag(done.version)})

    @router.post("/{resource_id}/rotate", summary="Sign with a new secret beside the live ones")
    async def rotate(resource_id: str, if_match: IfMatch = None) -> Response:
        change, secret = api.requests.rotation(resource_id, version_of(if_match))
        return await changed(change, secret=secret)

    @router.post("/{resource_id}/retire", summary="Sign with the newest secret alone")
    async def retire(resource_id: str, if_match: IfMatch = None) -> Response:
        return await changed(api.requests.retirement(resource_id, version_of(if_match)))

    @router.get("/{resource_id}/snippets", summary="Code with which a receiver verifies signatures")
    async def snippets(resource_id: str) -> Response:
        stored = await api.find(Kind.CREDENTIAL, resource_id)
        if not isinstance(stored.resource.spec, HmacCredential):
            fault = Fault("kind", "nothing is signed with it", "ask for a credential of kind hmac")
            raise invalid([fault], "request")
        items: list[dict[str, Any]] = [
            {"language": each.language, "file": each.file, "code": each.code} for each in snippets_for(resource_id)
        ]
        return json_response({"items": items})

    @router.post("/reseal", summary="Seal with the first key what another key sealed")
    async def reseal() -> Response:
        done = await api.reseal()
        return json_response(
            {
                "sealed_anew": done.sealed_anew,
                "up_to_date": done.up_to_date,
                "unopenable": list(done.unopenable),
            }
        )

    return router
