"""The topics of a fleet on whatever cluster it uses: made and reconciled at the start, dropped when nothing is kept.

A cluster that does not answer is named within seconds, where a Kafka client would go on trying for half a minute.
"""

from __future__ import annotations

import contextlib
import socket

from deploy.local.fleet.service_process import FleetFailed
from shared.adapters.broker_security import SecurityProtocol
from shared.adapters.kafka_clients import ClusterUnusable, admin_client
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_admin import prepare_topics

_CONNECT_SECONDS = 5.0


def check_reachable(servers: str) -> None:
    """Raises FleetFailed when none of the ``servers`` (host:port, separated by commas) takes a connection."""
    failures = []
    for server in servers.split(","):
        host, _, port = server.strip().rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS):
                return
        except (OSError, ValueError) as error:
            failures.append(f"{server.strip()}: {error}")
    raise FleetFailed(f"no broker of KAFKA_BOOTSTRAP_SERVERS takes a connection ({'; '.join(failures)})")


def check_usable(settings: ServiceSettings) -> None:
    """Raises FleetFailed when no broker takes a connection, ClusterUnusable when none lets us in."""
    check_reachable(settings.kafka_bootstrap_servers)
    if settings.kafka_security_protocol is not SecurityProtocol.PLAINTEXT:
        admin_client(settings).close()


def make_topics(settings: ServiceSettings) -> None:
    """Create or verify every topic. Raises FleetFailed."""
    try:
        prepare_topics(settings)
    except ClusterUnusable as error:
        raise FleetFailed(f"the cluster at {settings.kafka_bootstrap_servers} cannot be used: {error}") from error


def drop_topics(settings: ServiceSettings) -> None:
    """Delete every topic under the fleet's prefix, Faust's own among them."""
    with contextlib.closing(admin_client(settings)) as admin:
        admin.delete_topics([name for name in admin.list_topics() if name.startswith(settings.topic_prefix)])
