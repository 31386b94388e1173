"""Resources and their versions as HTTP shows them. Sealed secrets are no part of any answer."""

from typing import Any

from services.ingest.core.config_changes import ResourceKey
from shared.adapters.clock import rfc3339
from shared.core.messages.state import FIRST_EPOCH, IntegrationState
from shared.core.resources import Kind, Resource

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


def resource_document(resource: Resource, version: int, state: IntegrationState | None) -> dict[str, Any]:
    """One resource. ``state`` matters to integrations only; without one they are enabled."""
    document = {
        "kind": resource.kind.value,
        "id": resource.id,
        "version": version,
        "created": rfc3339(resource.created_ms),
        "updated": rfc3339(resource.updated_ms),
        "spec": resource.spec.model_dump(mode="json"),
    }
    if resource.kind is Kind.INTEGRATION:
        document["state"] = _state_document(state)
    return document


def _state_document(state: IntegrationState | None) -> dict[str, Any]:
    if state is None:
        return {"enabled": True, "epoch": FIRST_EPOCH, "since": None, "reason": None}
    return {
        "enabled": state.enabled,
        "epoch": state.epoch,
        "since": rfc3339(state.since_ms),
        "reason": state.reason,
    }
