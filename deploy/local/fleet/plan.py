"""What a local fleet consists of, before anything runs: which processes, how many, with which settings.

Pure: a plan and the facts known at start (ports, broker address, keys) give each process its environment. Nothing is
inherited from ``HOOKFLEET_`` variables of the shell, because one exported for the command line must not change a fleet;
but how the brokers that the shell names are reached and who we are to them belongs to their address. The recorders take
``HOOKFLEET_DATABASE_URL``, which nothing on a command line reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from shared.adapters.settings import ENV_PREFIX


class Service(StrEnum):
    """A kind of process, by the name of its package."""

    INGEST = "ingest"
    DISPATCHER = "dispatcher"
    EVENT_RECORDER = "event_recorder"
    DISABLER = "disabler"
    GATEWAY = "gateway"


MODULES: dict[Service, str] = {
    Service.INGEST: "services.ingest",
    Service.DISPATCHER: "services.dispatcher",
    Service.EVENT_RECORDER: "services.event_recorder",
    Service.DISABLER: "services.disabler",
    Service.GATEWAY: "deploy.local.gateway",
}

#: Where the recorders keep what happened; a file in the fleet's folder unless the shell says otherwise.
DATABASE_URL = f"{ENV_PREFIX}DATABASE_URL"

#: A fleet on a laptop posts to receivers on the same machine, which is refused unless allowed.
LOOPBACK = "127.0.0.0/8,::1/128"


@dataclass(frozen=True, slots=True, order=True)
class Part:
    """One process of the fleet: the service and its number, counted from 0."""

    service: Service
    index: int

    def __str__(self) -> str:
        return f"{self.service}-{self.index}"


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """How many processes of each service, and what they share.

    ``extra`` are settings for every process, by environment name, and ``single`` those of one alone. ``gateway_port``
    None draws a free one. The session timeout is how many milliseconds a killed worker's partitions stay idle;
    brokers here allow 6,000 at least.
    """

    ingest: int = 1
    dispatcher: int = 1
    event_recorder: int = 1
    disabler: int = 1
    organization: str = "local"
    partitions: int = 6
    topic_prefix: str = ""
    session_timeout_ms: int = 10_000
    drain_seconds: float = 10.0
    gateway_port: int | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    single: Mapping[Part, Mapping[str, str]] = field(default_factory=dict)

    def parts(self) -> tuple[Part, ...]:
        """Every process, in the order of display."""
        counts = {
            Service.INGEST: self.ingest,
            Service.DISPATCHER: self.dispatcher,
            Service.EVENT_RECORDER: self.event_recorder,
            Service.DISABLER: self.disabler,
            Service.GATEWAY: 1,
        }
        return tuple(Part(service, index) for service, count in counts.items() for index in range(count))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known once broker, ports and keys stand. ``folder`` is the fleet's own."""

    folder: Path
    kafka_bootstrap_servers: str
    ports: Mapping[Part, int]
    api_key: str
    sealing_key_file: Path


def cluster_access(inherited: Mapping[str, str]) -> dict[str, str]:
    """Variables that say how the cluster of somebody else is reached; none where the fleet has a broker of its own."""
    if not inherited.get("KAFKA_BOOTSTRAP_SERVERS"):
        return {}
    return {name: value for name, value in inherited.items() if name.startswith(f"{ENV_PREFIX}KAFKA_")}


def environment(plan: FleetPlan, facts: Facts, part: Part, inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of one process."""
    clean = {name: value for name, value in inherited.items() if not name.startswith(ENV_PREFIX)}
    clean |= cluster_access(inherited)
    common = {
        "KAFKA_BOOTSTRAP_SERVERS": facts.kafka_bootstrap_servers,
        "HOOKFLEET_TOPIC_PREFIX": plan.topic_prefix,
        "HOOKFLEET_PARTITIONS": str(plan.partitions),
        "HOOKFLEET_SESSION_TIMEOUT_MS": str(plan.session_timeout_ms),
        "HOOKFLEET_DRAIN_SECONDS": str(plan.drain_seconds),
        "HOOKFLEET_LISTEN_HOST": "127.0.0.1",
        "HOOKFLEET_LISTEN_PORT": str(facts.ports[part]),
    }
    own = _own(plan, facts, part, inherited.get(DATABASE_URL))
    return clean | common | own | dict(plan.extra) | dict(plan.single.get(part, {}))


def _own(plan: FleetPlan, facts: Facts, part: Part, database_url: str | None) -> dict[str, str]:
    api = {"HOOKFLEET_API_KEY": facts.api_key, "HOOKFLEET_ORGANIZATION": plan.organization}
    match part.service:
        case Service.INGEST:
            return api | {"HOOKFLEET_SEALING_KEY_FILE": str(facts.sealing_key_file)}
        case Service.DISPATCHER:
            return {
                "HOOKFLEET_SEALING_KEY_FILE": str(facts.sealing_key_file),
                "HOOKFLEET_ALLOWED_NETWORKS": LOOPBACK,
            }
        case Service.EVENT_RECORDER:
            # Recorders are one consumer group that writes one database.
            return api | {DATABASE_URL: database_url or f"sqlite:///{facts.folder / 'events.sqlite3'}"}
        case Service.DISABLER:
            return {"HOOKFLEET_DATA_DIR": str(facts.folder / str(part))}
        case Service.GATEWAY:
            return {
                "HOOKFLEET_INGEST_URLS": _urls(facts, Service.INGEST),
                "HOOKFLEET_EVENT_RECORDER_URLS": _urls(facts, Service.EVENT_RECORDER),
            }


def _urls(facts: Facts, service: Service) -> str:
    return ",".join(f"http://127.0.0.1:{port}" for part, port in facts.ports.items() if part.service is service)
