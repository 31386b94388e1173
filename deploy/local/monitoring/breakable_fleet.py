"""A fleet of its own whose every part can be broken and mended: receivers, database, disabler, broker.

Events come in all the time, most of them for a receiver that three integrations post to: one that is disabled after
three failed runs, one that never is, and one that is limited to a run per second. The others go to a receiver that may
hang. One rule asks for what no event has.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from deploy.cli.api_client import ApiClient, Refused, Unreachable
from deploy.local.broker import start_broker
from deploy.local.broker.ports import draw_port
from deploy.local.fleet import Fleet, FleetFailed, FleetPlan, Service
from deploy.local.monitoring.prometheus_server import PrometheusServer
from deploy.local.postgresql import start_postgresql
from deploy.local.receivers.core.behaviour import Behaviour
from deploy.local.receivers.receiver_process import ReceiverProcess
from shared.adapters.kafka_clients import producer
from shared.adapters.publisher import Publisher
from shared.core.cloud_events import BATCH_CONTENT_TYPE
from shared.core.records import OutRecord

SERVICES: Final = (Service.INGEST, Service.DISPATCHER, Service.EVENT_RECORDER, Service.DISABLER)
STEADY, HANGING = "steady", "hanging"
_BEAT_SECONDS = 0.2
_WATCHED_SECONDS = 60.0


class BreakableFleet:
    """As a context manager it is started on entering and stopped on leaving."""

    def __init__(self, folder: Path, env: Mapping[str, str] = os.environ) -> None:
        self._folder = folder
        self._env = dict(env)
        self._parts = contextlib.ExitStack()
        self._receivers: dict[str, ReceiverProcess] = {}
        self._ports = {STEADY: draw_port(), HANGING: draw_port()}
        self._enough = threading.Event()

    # -- from start to end ---------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        with self._parts:
            self.broker = self._parts.enter_context(start_broker(self._folder / "kafka", env=self._env))
            # Its user may not be the one who may enter our folder, and a socket's path must be short.
            database_folder = self._parts.enter_context(tempfile.TemporaryDirectory(prefix="hookfleet-pg-"))
            self.database = self._parts.enter_context(start_postgresql(Path(database_folder), env=self._env))
            plan = FleetPlan(
                partitions=3,
                session_timeout_ms=6_000,
                drain_seconds=3.0,
                extra={"HOOKFLEET_DATABASE_URL": self.database.url()},
            )
            env = {**self._env, "KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap}
            self.fleet = self._parts.enter_context(Fleet(self._folder / "fleet", plan, env=env))
            for name in self._ports:
                self._parts.callback(self._stop_receiver, name)
                self._start_receiver(name, Behaviour.HEALTHY)
            targets = {service.value: [self.fleet.port(service)] for service in SERVICES}
            self.prometheus = self._parts.enter_context(
                PrometheusServer(self._folder / "prometheus", targets, self._env)
            )
            self._client = self._parts.enter_context(ApiClient(self.fleet.url, self.fleet.api_key))
            self._client.post("/v1/apply", {"resources": self._resources()})
            traffic = threading.Thread(target=self._send, name="traffic", daemon=True)
            self._parts.callback(traffic.join)
            self._parts.callback(self._enough.set)
            traffic.start()
            self._wait_until_watched()
            self._started = self._parts.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._started.close()

    # -- what can be broken, and mended --------------------------------------------------------------------------

    def refuse(self) -> None:
        """The receiver of most runs answers 500."""
        self._start_receiver(STEADY, Behaviour.REFUSING)

    def answer_again(self) -> None:
        self._start_receiver(STEADY, Behaviour.HEALTHY)

    def hang(self) -> None:
        """The other receiver takes requests and answers none."""
        self._start_receiver(HANGING, Behaviour.HANGING)

    def wake_up(self) -> None:
        self._start_receiver(HANGING, Behaviour.HEALTHY)

    def poison(self) -> None:
        """A record that nobody can read stands on a topic."""
        settings = self.fleet.settings
        publisher = Publisher(producer(settings), _raise)
        publisher.send([OutRecord(settings.topics().deliveries.name, b"k", b"not ours", [])]).wait()
        publisher.close()

    def stop_database(self) -> None:
        self.database.stop()

    def start_database(self) -> None:
        self.database.start_again()

    def stop_disabler(self) -> None:
        self.fleet.stop_one(Service.DISABLER)

    def start_disabler(self) -> None:
        self.fleet.start_one(Service.DISABLER)

    def freeze_broker(self) -> None:
        """It keeps its connections and answers nothing."""
        os.kill(self.broker.pid, signal.SIGSTOP)

    def thaw_broker(self) -> None:
        os.kill(self.broker.pid, signal.SIGCONT)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _start_receiver(self, name: str, behaviour: Behaviour) -> None:
        self._stop_receiver(name)
        log = self._folder / f"receiver-{name}.jsonl"
        receiver = ReceiverProcess(behaviour, self._ports[name], log, self._env, secret=None)
        self._receivers[name] = receiver
        receiver.wait_until_ready()

    def _stop_receiver(self, name: str) -> None:
        if (receiver := self._receivers.pop(name, None)) is not None:
            receiver.stop()

    def _resources(self) -> list[dict[str, Any]]:
        resources: list[dict[str, Any]] = [
            {"kind": "credential", "id": "signature", "spec": {"kind": "hmac", "name": "signature"}}
        ]
        for name, port in self._ports.items():
            url = f"http://127.0.0.1:{port}/"
            resources.append(_resource("webhook", name, url=url, credentials=["signature"]))
            resources.append(_resource("notification-rule", name, event_type=f"trial.{name}"))
        never = {"failed_runs": 1_000}
        retry: dict[str, list[float]] = {"delays_seconds": []}
        steady: dict[str, Any] = {"rule": STEADY, "webhook": STEADY, "retry": retry}
        resources.append(_resource("integration", "sturdy", **steady, disable=never))
        unclear = {"event_type": f"trial.{STEADY}", "condition": "data.missing > 1"}
        resources.append(_resource("notification-rule", "unclear", **unclear))
        resources.append(_resource("integration", "unclear", **{**steady, "rule": "unclear"}))
        resources.append(_resource("integration", "limited", **steady, rate_limit={"per_second": 1}, disable=never))
        resources.append(_resource("integration", "fragile", **steady, disable={"failed_runs": 3}))
        hanging = {"rule": HANGING, "webhook": HANGING, "timeout_seconds": 60, "retry": {"delays_seconds": [1, 1]}}
        resources.append(_resource("integration", "patient", **hanging, disable=never))
        return resources

    def _wait_until_watched(self) -> None:
        """Until every target is scraped and deliveries are seen: an alert is about what was seen before."""
        deadline = time.monotonic() + _WATCHED_SECONDS
        while not self.prometheus.query(
            f"count(up == 1) == {len(SERVICES)} and sum(rate(hookfleet_delivery_seconds_count[5s])) > 0"
        ):
            if time.monotonic() > deadline:
                raise FleetFailed(f"Prometheus saw no deliveries for {_WATCHED_SECONDS:.0f} s")
            time.sleep(_BEAT_SECONDS)

    def _send(self) -> None:
        with ApiClient(self.fleet.url, self.fleet.api_key) as client:
            while not self._enough.wait(_BEAT_SECONDS):
                events = [_event(f"trial.{name}") for name in (STEADY, STEADY, HANGING)]
                # What is refused or not answered while something is broken is nobody's concern here.
                with contextlib.suppress(Refused, Unreachable):
                    client.post("/v1/events", events, content_type=BATCH_CONTENT_TYPE)


def _resource(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {"kind": kind, "id": name, "spec": {"name": name, **spec}}


def _raise(error: BaseException) -> None:
    raise error


def _event(event_type: str) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": "/trial",
        "type": event_type,
        "traceparent": f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01",
        "data": {},
    }
