"""Hookfleet itself as a contender: the processes that `deploy.local.fleet` starts, one of each.

On the road from a topic only the dispatcher runs, in all its roles: what a sink does not do (taking events in,
recording, counting failures) is stopped before the clock starts, and what it matches, signs and writes down it does as
always. On the road from the API everything runs; ingest and dispatcher are counted, the others told beside.

The rule matches by type, without a condition, as the webhook server's subscription does; the requests are signed, as
its are.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from bench.peers.backlog import SESSION_TIMEOUT_MS, Backlog, go_on
from bench.peers.core.figures import Contender, Road
from bench.peers.core.numbered_events import EVENT_TYPE, ORGANIZATION, event
from bench.peers.feeding import post_all
from bench.peers.unavailable import Unavailable
from deploy.cli.api_client import ApiClient, Refused, Unreachable
from deploy.local.fleet import Fleet, FleetPlan, Service
from shared.core.cloud_events import BATCH_CONTENT_TYPE

#: Events in one request, and connections that send them.
BATCH_EVENTS: Final = 100
CONNECTIONS: Final = 4
_RESOURCES: Final[list[dict[str, Any]]] = [
    {"kind": "credential", "id": "signature", "spec": {"kind": "hmac", "name": "Signature"}},
    {"kind": "notification-rule", "id": "all", "spec": {"name": "Every event", "event_type": EVENT_TYPE}},
    {"kind": "integration", "id": "all", "spec": {"name": "Every event", "rule": "all", "webhook": "receiver"}},
]


class OwnFleet:
    """A running fleet with one integration. The parts that differ between the roads are the subclasses'."""

    contender: Contender
    processes: Mapping[str, int]

    def __init__(self, folder: Path, prefix: str, bootstrap: str, url: str, env: Mapping[str, str]) -> None:
        """Raises FleetFailed, and Unavailable when it refuses its configuration."""
        plan = FleetPlan(
            organization=ORGANIZATION,
            topic_prefix=prefix,
            session_timeout_ms=SESSION_TIMEOUT_MS,
        )
        folder.mkdir(parents=True, exist_ok=True)
        self.fleet = Fleet(folder, plan, env={**env, "KAFKA_BOOTSTRAP_SERVERS": bootstrap})
        self.fleet.start()  # what it started it stops when it fails
        try:
            spec = {"name": "Receiver", "url": url, "credentials": ["signature"]}
            webhook = {"kind": "webhook", "id": "receiver", "spec": spec}
            with ApiClient(f"http://127.0.0.1:{self.fleet.port(Service.INGEST)}", self.fleet.api_key) as client:
                client.post("/v1/apply", {"resources": [*_RESOURCES, webhook]})
        except (Refused, Unreachable) as refusal:
            self.fleet.stop()
            raise Unavailable(f"the fleet could not be set up: {refusal}") from refusal
        except BaseException:
            self.fleet.stop()
            raise

    def pids(self, *services: Service) -> dict[str, int]:
        """Process ids by the services' names."""
        return {service.value: self.fleet.pid(service) for service in services}

    def stop(self) -> None:
        self.fleet.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


class FleetFromTopic(OwnFleet):
    """Events wait on ``system-events``."""

    contender = Contender("Hookfleet dispatcher", version("hookfleet"), "own", Road.TOPIC, counted=("dispatcher",))

    def __init__(
        self, folder: Path, broker: Mapping[str, int], bootstrap: str, url: str, env: Mapping[str, str]
    ) -> None:
        super().__init__(folder, "hookfleet-topic.", bootstrap, url, env)
        try:
            for service in (Service.GATEWAY, Service.INGEST, Service.EVENT_RECORDER, Service.DISABLER):
                self.fleet.stop_one(service)
            self._dispatcher = self.fleet.pid(Service.DISPATCHER)
            self._backlog = Backlog(self.fleet.settings)
        except BaseException:
            self.fleet.stop()
            raise
        self.processes = {**self.pids(Service.DISPATCHER), **broker}

    def make_ready(self, numbers: range) -> None:
        self._backlog.write_while_paused(self._dispatcher, numbers)

    def let_go(self) -> None:
        go_on(self._dispatcher)

    def stop(self) -> None:
        self._backlog.close()
        super().stop()


class FleetFromApi(OwnFleet):
    """Events come in over HTTP."""

    contender = Contender("Hookfleet", version("hookfleet"), "own", Road.API, counted=("ingest", "dispatcher"))

    def __init__(
        self, folder: Path, broker: Mapping[str, int], bootstrap: str, url: str, env: Mapping[str, str]
    ) -> None:
        super().__init__(folder, "hookfleet-api.", bootstrap, url, env)
        self._requests: list[bytes] = []
        services = (Service.INGEST, Service.DISPATCHER, Service.EVENT_RECORDER, Service.DISABLER)
        self.processes = {**self.pids(*services), **broker}

    def make_ready(self, numbers: range) -> None:
        self._requests = [
            orjson.dumps([event(number) for number in numbers[start : start + BATCH_EVENTS]])
            for start in range(0, len(numbers), BATCH_EVENTS)
        ]

    def let_go(self) -> None:
        headers = {"Authorization": f"Bearer {self.fleet.api_key}", "Content-Type": BATCH_CONTENT_TYPE}
        port = self.fleet.port(Service.INGEST)
        post_all(port, "/v1/events", headers, self._requests, connections=CONNECTIONS)
