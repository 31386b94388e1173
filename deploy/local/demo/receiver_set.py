"""The receivers of the demonstration, each a process of its own with a log of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deploy.local.broker.ports import draw_port
from deploy.local.receivers.core.behaviour import Behaviour
from deploy.local.receivers.core.received_request import ReceivedRequest
from deploy.local.receivers.receiver_process import ReceiverProcess
from deploy.local.receivers.request_log import read_requests

#: The receivers by the names that the sample configuration uses. `strict` refuses like `refusing`, but stays that way.
BEHAVIOURS = {
    "healthy": Behaviour.HEALTHY,
    "slow": Behaviour.SLOW,
    "flaky": Behaviour.FLAKY,
    "refusing": Behaviour.REFUSING,
    "strict": Behaviour.REFUSING,
}
#: Nobody ever listens here.
DEAD = "dead"


class ReceiverSet:
    """Draws the ports first, so that webhooks can be configured before anybody listens."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._folder = folder
        self._env = dict(env)
        self._secret = ""
        self._ports: dict[str, int] = {}
        for name in [*BEHAVIOURS, DEAD]:
            port = draw_port()
            while port in self._ports.values():
                port = draw_port()
            self._ports[name] = port
        self._running: dict[str, ReceiverProcess] = {}
        self._logs: list[Path] = []

    def urls(self) -> dict[str, str]:
        """Addresses by name."""
        return {name: f"http://127.0.0.1:{port}" for name, port in self._ports.items()}

    def start(self, secret: str) -> None:
        """Start all of them. ``secret`` is what signatures are checked with."""
        self._secret = secret
        for name, behaviour in BEHAVIOURS.items():
            self._running[name] = self._launch(behaviour, self._ports[name], name)
        for receiver in self._running.values():
            receiver.wait_until_ready()

    def heal(self, name: str) -> None:
        """Put a healthy receiver in the place of another, on its port."""
        self._running[name].stop()
        healed = self._launch(Behaviour.HEALTHY, self._ports[name], f"{name}-healed")
        self._running[name] = healed
        healed.wait_until_ready()

    def received(self) -> tuple[ReceivedRequest, ...]:
        """Every request that any of them wrote down so far."""
        return tuple(request for log in self._logs for request in read_requests(log))

    def stop(self) -> None:
        for receiver in self._running.values():
            receiver.stop()

    def _launch(self, behaviour: Behaviour, port: int, name: str) -> ReceiverProcess:
        log = self._folder / f"receiver-{name}.jsonl"
        self._logs.append(log)
        return ReceiverProcess(behaviour, port, log, self._env, self._secret)
