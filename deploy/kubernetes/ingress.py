"""The Ingress: read and write side under one host, path by path as the local gateway has them.

Pure. Host and certificate are the overlay's to replace.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deploy.local.gateway.proxy import MAX_BODY_BYTES
from deploy.local.gateway.routes import Route, Upstream

SERVICES = {Upstream.INGEST: "ingest", Upstream.EVENT_RECORDER: "event-recorder"}
HOST = "hookfleet.example.com"


def ingress_resource(routes: Sequence[Route]) -> dict[str, Any]:
    """One rule with a path for each route; controllers that limit bodies are told the largest that a service takes."""
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": "hookfleet",
            "annotations": {"nginx.ingress.kubernetes.io/proxy-body-size": str(MAX_BODY_BYTES)},
        },
        "spec": {
            "ingressClassName": "nginx",
            "tls": [{"hosts": [HOST], "secretName": "hookfleet-tls"}],
            "rules": [{"host": HOST, "http": {"paths": [_path(route) for route in routes]}}],
        },
    }


def _path(route: Route) -> dict[str, Any]:
    return {
        "path": route.path,
        "pathType": "Exact" if route.exact else "Prefix",
        "backend": {"service": {"name": SERVICES[route.upstream], "port": {"name": "http"}}},
    }
