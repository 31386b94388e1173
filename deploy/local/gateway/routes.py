"""Which service answers which path. A path belongs to one service whatever the method is.

Pure; the same table stands in the cluster's Ingress.
"""

from __future__ import annotations

from enum import StrEnum


class Upstream(StrEnum):
    """A service that has an HTTP API."""

    INGEST = "ingest"
    EVENT_RECORDER = "event_recorder"


#: Exact paths, or whole path segments from the left.
_INGEST = (
    "/v1/webhooks",
    "/v1/notification-rules",
    "/v1/credentials",
    "/v1/integrations",
    "/v1/mappings",
    "/v1/apply",
    "/openapi.json",
)
_EVENT_RECORDER = ("/v1/integration-events", "/v1/runs")
_EVENTS = "/v1/events"


def upstream_of(path: str) -> Upstream | None:
    """The service a path belongs to; None when it is nobody's."""
    if path == _EVENTS:
        return Upstream.INGEST
    if path.startswith(f"{_EVENTS}/") or _below(path, _EVENT_RECORDER):
        return Upstream.EVENT_RECORDER
    if _below(path, _INGEST):
        return Upstream.INGEST
    return None


def _below(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in roots)
