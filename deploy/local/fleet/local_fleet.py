"""Starts, watches, crashes and ends a whole fleet; its folder is the caller's.

In the folder: ``kafka/`` (the broker's data), the API key and the sealing key, the recorder's database and one log a
process. Starting again on the same folder finds the same events, configuration and keys; ports are drawn anew, but the
gateway's where the plan names it. With ``KAFKA_BOOTSTRAP_SERVERS`` in the environment no broker is started and that
cluster is used.

Every process dies with the one that started it, even by SIGKILL (`deploy.local.broker.child_process`).
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.broker import Broker, start_broker
from deploy.local.broker.ports import PortInUse, draw_port, is_free
from deploy.local.fleet import kept_keys, probe
from deploy.local.fleet.cluster_topics import check_reachable, drop_topics, make_topics
from deploy.local.fleet.plan import Facts, FleetPlan, Part, Service, cluster_access, environment
from deploy.local.fleet.service_process import FleetFailed, ServiceProcess
from shared.adapters.settings import ENV_PREFIX, ServiceSettings

#: Seconds until every process of a start must be ready; a dozen on two busy cores are usual.
START_LIMIT_SECONDS = 90.0
#: Seconds beyond the plan's drain deadline until a process that was asked to stop is killed.
STOP_MARGIN_SECONDS = 3.0
_CHECK_SECONDS = 0.05

BROKER = "kafka"
TOPICS = "topics"

#: Told what changed: a part's name and one of "starting", "ready", "stopping", "stopped".
Watcher = Callable[[str, str], None]


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _unwatched(part: str, state: str) -> None:
    """Nobody watches."""


class Fleet:
    """A local fleet. As a context manager it is started on entering and stopped on leaving."""

    def __init__(
        self,
        folder: Path,
        plan: FleetPlan,
        *,
        env: Mapping[str, str] = os.environ,
        watcher: Watcher = _unwatched,
        broker_progress: Callable[[str], None] = _say,
    ) -> None:
        """``watcher`` follows the parts as they start and stop; ``broker_progress`` is told in lines what takes long
        when Kafka is fetched for the first time (by default they go to stderr)."""
        self.folder = folder.absolute()
        self.plan = plan
        self._env = env
        self._watcher = watcher
        self._broker_progress = broker_progress
        self._broker: Broker | None = None
        self._facts: Facts | None = None
        self._running: dict[Part, ServiceProcess] = {}

    # -- what others need to know ------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The one address of both HTTP APIs."""
        return f"http://127.0.0.1:{self._known.ports[Part(Service.GATEWAY, 0)]}"

    @property
    def api_key(self) -> str:
        return self._known.api_key

    @property
    def settings(self) -> ServiceSettings:
        """Settings for a Kafka client that looks at this fleet's topics."""
        return ServiceSettings.model_validate(
            {
                "KAFKA_BOOTSTRAP_SERVERS": self._known.kafka_bootstrap_servers,
                "topic_prefix": self.plan.topic_prefix,
                "partitions": self.plan.partitions,
                **{name.removeprefix(ENV_PREFIX).lower(): said for name, said in cluster_access(self._env).items()},
            }
        )

    def port(self, service: Service, index: int = 0) -> int:
        """The port where one process answers ``/healthz``, ``/readyz`` and ``/metrics``."""
        return self._known.ports[Part(service, index)]

    def gauge(self, service: Service, index: int, name: str) -> float | None:
        """A metric of one process, read from its ``/metrics``; None when it does not answer."""
        return probe.gauge(self.port(service, index), name)

    def pid(self, service: Service, index: int = 0) -> int:
        return self._running[Part(service, index)].pid

    # -- as a whole --------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start broker and topics, then every process, and return when all are ready.

        Raises FleetFailed, PortInUse, and what `start_broker` raises; whatever was started is stopped again.
        """
        try:
            self._prepare()
            self.start_services()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop everything: the services first, all at once, then the broker. Stopping twice is harmless."""
        self.stop_services()
        if self._broker is not None:
            self._watcher(BROKER, "stopping")
            self._broker.stop()
            self._broker = None
            self._watcher(BROKER, "stopped")

    def discard(self) -> None:
        """Stop everything; on a cluster that is not ours, delete this fleet's topics, which needs a prefix."""
        self.stop_services()
        if self._broker is None and self._facts is not None and self.plan.topic_prefix:
            drop_topics(self.settings)
        self.stop()

    def start_services(self) -> None:
        """Start every process that does not run, and return when all are ready."""
        self._start(part for part in self.plan.parts() if part not in self._running)

    def stop_services(self) -> None:
        """SIGTERM to every process, SIGKILL to those not gone when their drain deadline has passed."""
        self._stop(list(self._running))

    # -- one process -------------------------------------------------------------------------------------------

    def start_one(self, service: Service | str, index: int = 0, *, wait: bool = True) -> None:
        """Start one process on the port it had, and return when it is ready unless ``wait`` is false."""
        self._start([Part(Service(service), index)], wait=wait)

    def stop_one(self, service: Service | str, index: int = 0) -> None:
        """SIGTERM: the process drains and ends."""
        self._stop([Part(Service(service), index)])

    def kill(self, service: Service | str, index: int = 0) -> None:
        """SIGKILL: the process ends at once, as in a crash. Returns when it is gone."""
        part = Part(Service(service), index)
        self._running.pop(part).kill()
        self._watcher(str(part), "killed")

    def ended(self) -> list[tuple[Part, str]]:
        """Processes that ended by themselves since they were last asked for, with the end of each one's log."""
        gone = [part for part, process in self._running.items() if process.exit_code() is not None]
        return [(part, self._running.pop(part).last_lines()) for part in gone]

    def crash_broker(self) -> None:
        """SIGKILL the broker of this fleet, then start it on the same data and port. Returns when it answers again.

        Raises what `start_broker` raises, RuntimeError when the cluster is not ours.
        """
        if self._broker is None:
            raise RuntimeError("the cluster is not this fleet's to crash")
        self._broker.kill()
        self._watcher(BROKER, "killed")
        port = self._broker.port
        self._broker = start_broker(self.folder / "kafka", port, env=self._env, progress=self._broker_progress)
        self._watcher(BROKER, "ready")

    # -- inside ------------------------------------------------------------------------------------------------

    @property
    def _known(self) -> Facts:
        if self._facts is None:
            raise RuntimeError("the fleet has not been started")
        return self._facts

    def _prepare(self) -> None:
        if self.plan.gateway_port is not None and not is_free(self.plan.gateway_port):
            raise PortInUse(
                f"port {self.plan.gateway_port} is in use: end the program that holds it or choose another port"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        self._facts = Facts(
            folder=self.folder,
            kafka_bootstrap_servers=self._kafka(),
            ports=self._ports(),
            api_key=kept_keys.api_key(self.folder),
            sealing_key_file=kept_keys.sealing_key_file(self.folder),
        )
        self._watcher(TOPICS, "starting")
        make_topics(self.settings)
        self._watcher(TOPICS, "ready")

    def _kafka(self) -> str:
        if servers := self._env.get("KAFKA_BOOTSTRAP_SERVERS"):
            check_reachable(servers)
            return servers
        self._watcher(BROKER, "starting")
        self._broker = start_broker(self.folder / "kafka", env=self._env, progress=self._broker_progress)
        self._watcher(BROKER, "ready")
        return self._broker.bootstrap

    def _ports(self) -> dict[Part, int]:
        ports: dict[Part, int] = {}
        for part in self.plan.parts():
            port = draw_port()
            while port in ports.values():
                port = draw_port()
            ports[part] = port
        if self.plan.gateway_port is not None:
            ports[Part(Service.GATEWAY, 0)] = self.plan.gateway_port
        return ports

    def _start(self, parts: Iterable[Part], *, wait: bool = True) -> None:
        started = []
        for part in parts:
            self._watcher(str(part), "starting")
            env = environment(self.plan, self._known, part, self._env)
            self._running[part] = ServiceProcess(part, self._known.ports[part], self.folder, env)
            started.append(self._running[part])
        if wait:
            self._wait_until_ready(started)

    def _wait_until_ready(self, waiting: list[ServiceProcess]) -> None:
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while waiting:
            for process in list(waiting):
                if process.is_ready():
                    waiting.remove(process)
                    self._watcher(str(process.part), "ready")
                elif time.monotonic() > deadline:
                    raise FleetFailed(
                        f"{process.part} was not ready within {START_LIMIT_SECONDS:.0f} s.{process.last_lines()}"
                    )
            time.sleep(_CHECK_SECONDS)

    def _stop(self, parts: list[Part]) -> None:
        stopping = {part: self._running.pop(part) for part in parts}
        for part, process in stopping.items():
            self._watcher(str(part), "stopping")
            process.ask_to_stop()
        deadline = time.monotonic() + self.plan.drain_seconds + STOP_MARGIN_SECONDS
        for part, process in stopping.items():
            if not process.wait(max(0.0, deadline - time.monotonic())):
                process.kill()
            self._watcher(str(part), "stopped")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
