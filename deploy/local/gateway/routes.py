"""Which service answers which path. A path belongs to one service whatever the method is.

Pure. The cluster's Ingress is written from the same table (`deploy.kubernetes.ingress`), so the meaning of a route is
Ingress's: an exact one comes first, else the longest whose segments begin the path.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Upstream(StrEnum):
    """A service that has an HTTP API."""

    INGEST = "ingest"
    EVENT_RECORDER = "event_recorder"


@dataclass(frozen=True, slots=True)
class Route:
    """A path and, unless ``exact``, everything below it."""

    path: str
    upstream: Upstream
    exact: bool = False

    def takes(self, path: str) -> bool:
        """Whether ``path`` is this one or, unless exact, below it."""
        return path == self.path or (not self.exact and path.startswith(f"{self.path}/"))


ROUTES = (
    Route("/v1/events", Upstream.INGEST, exact=True),
    Route("/v1/webhooks", Upstream.INGEST),
    Route("/v1/notification-rules", Upstream.INGEST),
    Route("/v1/credentials", Upstream.INGEST),
    Route("/v1/integrations", Upstream.INGEST),
    Route("/v1/mappings", Upstream.INGEST),
    Route("/v1/apply", Upstream.INGEST),
    Route("/openapi.json", Upstream.INGEST),
    Route("/v1/events", Upstream.EVENT_RECORDER),
    Route("/v1/integration-events", Upstream.EVENT_RECORDER),
    Route("/v1/runs", Upstream.EVENT_RECORDER),
    Route("/v1/recent-events", Upstream.EVENT_RECORDER),
    Route("/v1/alerts", Upstream.EVENT_RECORDER),
    Route("/v1/statistics", Upstream.EVENT_RECORDER),
    Route("/v1/replays", Upstream.EVENT_RECORDER),
    Route("/v1/removals", Upstream.EVENT_RECORDER),
    Route("/v1/trail", Upstream.EVENT_RECORDER),
    Route("/v1/recorder", Upstream.EVENT_RECORDER),
)


def upstream_of(path: str) -> Upstream | None:
    """The service a path belongs to; None when it is nobody's."""
    fitting = [route for route in ROUTES if route.takes(path)]
    best = max(fitting, key=lambda route: (route.exact, len(route.path)), default=None)
    return None if best is None else best.upstream
