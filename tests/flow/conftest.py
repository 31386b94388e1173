"""One fleet for all tests here, on real Kafka, with a real receiver; tests keep apart by names of their own.

Fleets end with the last test of the folder: one that idles still takes a fifth of a core from whatever comes next.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from deploy.local.fleet.local_fleet import Fleet
from deploy.local.fleet.plan import FleetPlan
from tests.component.dispatcher.loopback_certificates import Authority
from tests.databases import ENGINES, Databases
from tests.flow.receiver import Receiver
from tests.flow.span_collector import SpanCollector
from tests.waiting import wait_for


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """A certificate authority that the fleet trusts, and no other."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def span_collector() -> Iterator[SpanCollector]:
    """Where the fleet sends spans; it begins no trace by itself, so that only those of a test come in."""
    collector = SpanCollector()
    yield collector
    collector.close()


@pytest.fixture(scope="package")
def fleet(
    kafka_bootstrap: str,
    authority: Authority,
    span_collector: SpanCollector,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Fleet]:
    plan = FleetPlan(
        ingest=2,
        dispatcher=2,
        event_recorder=1,
        disabler=2,
        partitions=6,
        topic_prefix=f"flow-{uuid.uuid4().hex[:8]}.",
        session_timeout_ms=6_000,
        drain_seconds=10.0,
        extra={"HOOKFLEET_TRACING_ENDPOINT": span_collector.endpoint, "HOOKFLEET_TRACING_NEW_SHARE": "0"},
    )
    trusted = tmp_path_factory.mktemp("trusted") / "authority.pem"
    trusted.write_text(authority.pem)
    env = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap,
        "SSL_CERT_FILE": str(trusted),
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }
    with Fleet(tmp_path_factory.mktemp("fleet"), plan, env=env) as running:
        yield running


@pytest.fixture(scope="package")
def postgresql_fleet(
    kafka_bootstrap: str, postgresql: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """A small fleet whose two recorders share a PostgreSQL."""
    with postgresql.empty() as database_url:
        plan = FleetPlan(
            event_recorder=2,
            partitions=2,
            topic_prefix=f"flow-{uuid.uuid4().hex[:8]}.",
            session_timeout_ms=6_000,
            drain_seconds=10.0,
            extra={"HOOKFLEET_DATABASE_URL": database_url},
        )
        env = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap}
        with Fleet(tmp_path_factory.mktemp("postgresql-fleet"), plan, env=env) as running:
            yield running


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@dataclass
class Case:
    """One test's own corner of the fleet: an event type and ids that no other test uses, and the HTTP APIs."""

    fleet: Fleet
    receiver: Receiver
    http: httpx.Client
    name: str = field(default_factory=lambda: f"t{uuid.uuid4().hex[:10]}")
    sent: int = 0

    @property
    def event_type(self) -> str:
        return f"{self.name}.bill.created"

    @property
    def path(self) -> str:
        """The receiver's path of `webhook`."""
        return f"/{self.name}"

    def apply(self, *resources: dict[str, Any]) -> dict[str, Any]:
        response = self.http.post("/v1/apply", json={"resources": list(resources)})
        assert response.status_code == 200, response.text
        document: dict[str, Any] = response.json()
        return document

    def credential(self) -> dict[str, Any]:
        return {"kind": "credential", "id": self.name, "spec": {"kind": "hmac", "name": self.name}}

    def webhook(self, path: str | None = None, **spec: Any) -> dict[str, Any]:
        return {
            "kind": "webhook",
            "id": self.name,
            "spec": {
                "name": self.name,
                "url": self.receiver.url + (path or self.path),
                "credentials": [self.name],
                **spec,
            },
        }

    def rule(self, **spec: Any) -> dict[str, Any]:
        return {
            "kind": "notification-rule",
            "id": self.name,
            "spec": {"name": self.name, "event_type": self.event_type, **spec},
        }

    def integration(self, delays: list[float] | None = None, **spec: Any) -> dict[str, Any]:
        if delays is not None:
            spec["retry"] = {"delays_seconds": delays}
        return {
            "kind": "integration",
            "id": self.name,
            "spec": {"name": self.name, "rule": self.name, "webhook": self.name, **spec},
        }

    def set_up(self, delays: list[float] | None = None, **integration: Any) -> str:
        """A rule for the case's event type, linked to its webhook; the signing secret."""
        done = self.apply(self.credential(), self.webhook(), self.rule(), self.integration(delays, **integration))
        secret: str = next(each["secret"] for each in done["resources"] if "secret" in each)
        return secret

    def event(self, data: Any = None, **attributes: Any) -> dict[str, Any]:
        return {
            "specversion": "1.0",
            "id": uuid.uuid4().hex,
            "source": "/flow",
            "type": self.event_type,
            "data": {} if data is None else data,
            **attributes,
        }

    def send(self, data: Any = None, **attributes: Any) -> str:
        """Send one event; its id."""
        event = self.event(data, **attributes)
        response = self.http.post("/v1/events", json=event)
        assert response.status_code == 202, response.text
        self.sent += 1
        return str(event["id"])

    def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        response = self.http.get(path, params=parameters)
        assert response.status_code == 200, f"{path}: {response.text}"
        document: dict[str, Any] = response.json()
        return document

    def requests(self) -> list[Any]:
        return self.receiver.requests(self.path)

    def runs(self, **parameters: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.get("/v1/runs", integration=self.name, limit=100, **parameters)["items"]
        return items

    def ended_runs(self, timeout_seconds: float = 30.0) -> list[dict[str, Any]]:
        """Wait until the one run of every event sent has ended, and return them all."""

        def ended() -> list[dict[str, Any]] | None:
            runs = [run for run in self.runs() if run.get("ended") is not None]
            assert len(runs) <= self.sent, f"{len(runs)} runs ended of {self.sent} events"
            return runs if len(runs) == self.sent else None

        return wait_for(ended, f"{self.sent} ended runs of {self.name}", timeout_seconds) or []

    def integration_events(self, event_type: str | None = None) -> list[dict[str, Any]]:
        chosen = {} if event_type is None else {"type": event_type}
        items: list[dict[str, Any]] = self.get("/v1/integration-events", integration=self.name, limit=100, **chosen)[
            "items"
        ]
        return items

    def state(self) -> dict[str, Any]:
        state: dict[str, Any] = self.get(f"/v1/integrations/{self.name}")["state"]
        return state

    def wait_until_enabled(self, enabled: bool) -> None:
        wait_for(lambda: self.state()["enabled"] is enabled, f"enabled={enabled} of {self.name}")


@pytest.fixture
def case(fleet: Fleet, receiver: Receiver) -> Iterator[Case]:
    with _case(fleet, receiver) as made:
        yield made


@pytest.fixture(params=ENGINES)
def recorded_case(request: pytest.FixtureRequest, receiver: Receiver) -> Iterator[Case]:
    """A case whose recorder keeps what happens in one engine, and in the other."""
    running: Fleet = request.getfixturevalue("fleet" if request.param == "sqlite" else "postgresql_fleet")
    with _case(running, receiver) as made:
        yield made


@contextmanager
def _case(fleet: Fleet, receiver: Receiver) -> Iterator[Case]:
    headers = {"Authorization": f"Bearer {fleet.api_key}"}
    with httpx.Client(base_url=fleet.url, headers=headers, timeout=30) as http:
        yield Case(fleet, receiver, http)
