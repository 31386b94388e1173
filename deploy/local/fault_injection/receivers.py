"""The receivers of the trial, each a process of its own with a log of its own, and a port where nobody listens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deploy.local.broker.ports import draw_port
from deploy.local.fault_injection.core.traffic import DEAD
from deploy.local.receivers.core.behaviour import Behaviour
from deploy.local.receivers.core.received_request import ReceivedRequest
from deploy.local.receivers.receiver_process import ReceiverProcess
from deploy.local.receivers.request_log import read_requests


class Receivers:
    """One of each behaviour. Ports are drawn first, so that webhooks can be configured before anybody listens."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = dict(env)
        self._ports: dict[str, int] = {}
        for name in [*Behaviour, DEAD]:
            port = draw_port()
            while port in self._ports.values():
                port = draw_port()
            self._ports[name] = port
        self._running: list[ReceiverProcess] = []

    def urls(self) -> dict[str, str]:
        """Addresses by name."""
        return {name: f"http://127.0.0.1:{port}" for name, port in self._ports.items()}

    def start(self, secret: str) -> None:
        """Start all of them. ``secret`` is what signatures are checked with. Raises FleetFailed."""
        for behaviour in Behaviour:
            log = self._folder / f"receiver-{behaviour}.jsonl"
            self._running.append(ReceiverProcess(behaviour, self._ports[behaviour], log, self._env, secret))
        for receiver in self._running:
            receiver.wait_until_ready()

    def received(self) -> tuple[ReceivedRequest, ...]:
        """Every request that any of them wrote down so far."""
        return tuple(request for each in self._running for request in read_requests(each.request_log))

    def stop(self) -> None:
        for receiver in self._running:
            receiver.stop()
