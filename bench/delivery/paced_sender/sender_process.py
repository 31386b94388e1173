"""Starts the paced sender and reads what became of its events."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.delivery.core.pace import Sent, unpack
from bench.delivery.core.traffic import Traffic
from deploy.local.fleet import FleetFailed
from deploy.local.fleet.python_child import last_lines, start_module


class PacedSender:
    """Runs from construction."""

    def __init__(
        self, folder: Path, env: Mapping[str, str], port: int, api_key: str, traffic: Traffic, per_second: float
    ) -> None:
        """Sends ``traffic`` to the ingest on ``port``."""
        self._sent = folder / f"{traffic.point}.sent"
        self._output = folder / f"{traffic.point}.log"
        self._process = start_module(
            "bench.delivery.paced_sender",
            *("--port", str(port), "--point", traffic.point),
            *("--targets", ",".join(each.id for each in traffic.targets)),
            *("--count", str(traffic.count), "--per-second", str(per_second)),
            *("--output", str(self._sent)),
            env={**env, "BENCH_API_KEY": api_key},
            output=self._output,
        )

    def is_done(self) -> bool:
        return self._process.poll() is not None

    def result(self) -> list[Sent]:
        """Waits for its end. Raises FleetFailed when it failed."""
        if self._process.wait() != 0:
            raise FleetFailed(f"the events could not be sent.{last_lines(self._output)}")
        return list(unpack(self._sent.read_bytes()))

    def stop(self) -> None:
        """At once. Stopping twice is harmless."""
        self._process.kill()
        self._process.wait()
