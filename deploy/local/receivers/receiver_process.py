"""A receiver as a child process of ours: started, ready when it listens, ended."""

from __future__ import annotations

import time
from pathlib import Path

from deploy.local.fleet import probe
from deploy.local.fleet.python_child import last_lines, start_module
from deploy.local.fleet.service_process import FleetFailed
from deploy.local.receivers.core.behaviour import Behaviour

_START_LIMIT_SECONDS = 20.0


class ReceiverProcess:
    """A receiver that listens on ``port`` and writes to ``request_log``."""

    def __init__(
        self, behaviour: Behaviour, port: int, request_log: Path, env: dict[str, str], secret: str | None
    ) -> None:
        self.port = port
        self.request_log = request_log
        self._output = request_log.with_suffix(".out")
        self._process = start_module(
            "deploy.local.receivers",
            *(behaviour.value, "--port", str(port), "--log", str(request_log)),
            env=env | ({} if secret is None else {"RECEIVER_SECRET": secret}),
            output=self._output,
        )

    def wait_until_ready(self) -> None:
        """Raises FleetFailed when it does not come up."""
        deadline = time.monotonic() + _START_LIMIT_SECONDS
        while not probe.is_ready(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise FleetFailed(f"the receiver on port {self.port} did not start.{last_lines(self._output)}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ended at once: what it has answered is in its log. Stopping twice is harmless."""
        self._process.kill()
        self._process.wait()
