"""Resources and their versions as HTTP shows them. Sealed secrets are no part of any answer."""

from typing import Any

from services.ingest.core.config_changes import ResourceKey
from services.ingest.core.connection_state import Connection
from shared.adapters.clock import rfc3339
from shared.core.messages.state import FIRST_EPOCH, IntegrationState
from shared.core.resources import HmacCredential, Kind, Resource

#: Where each kind lives below ``/v1/``.
COLLECTIONS = {
    Kind.WEBHOOK: "webhooks",
    Kind.NOTIFICATION_RULE: "notification-rules",
    Kind.CREDENTIAL: "credentials",
    Kind.INTEGRATION: "integrations",
    Kind.MAPPING: "mappings",
}


def path_of(key: ResourceKey) -> str:
    """Where a resource is read and written."""
    return f"/v1/{COLLECTIONS[key.kind]}/{key.id}"


def etag(version: int) -> str:
    """A version as the ``ETag`` and ``If-Match`` headers carry it."""
    return f'"{version}"'


def resource_document(resource: Resource, version: int) -> dict[str, Any]:
    """One resource, as far as it is configuration."""
    document: dict[str, Any] = {
        "kind": resource.kind.value,
        "id": resource.id,
        "version": version,
        "created": rfc3339(resource.created_ms),
        "updated": rfc3339(resource.updated_ms),
        "spec": resource.spec.model_dump(mode="json"),
    }
    if isinstance(resource.spec, HmacCredential):
        document["live_secrets"] = len(resource.sealed)
    return document


def state_document(connection: Connection, state: IntegrationState | None) -> dict[str, Any]:
    """What an integration can do (`services.ingest.core.connection_state`), and since when it is enabled or not."""
    return {
        "configured": connection.configured,
        "authorised": connection.authorised,
        "enabled": connection.enabled,
        "mark": connection.mark.value,
        "epoch": FIRST_EPOCH if state is None else state.epoch,
        "since": None if state is None else rfc3339(state.since_ms),
        "reason": None if state is None else state.reason,
    }
