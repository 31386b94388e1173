"""A receiver as a child process: started with its ports, asked by its file, ended."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.receiver.certificates import Certificates
from bench.receiver.core.arrivals import RECORD_BYTES, Arrival, unpack
from deploy.local.fleet.python_child import last_lines, start_module

_START_LIMIT_SECONDS = 20.0
_STOP_LIMIT_SECONDS = 5.0
_CHECK_SECONDS = 0.02


class ReceiverFailed(Exception):
    """It did not come up; the message ends with the last lines of its output."""


class ReceiverProcess:
    """Runs from construction until :meth:`stop`; as a context manager it is stopped on leaving."""

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str],
        *,
        ports: int = 1,
        delay_seconds: float = 0.0,
        hangs: bool = False,
        certificates: Certificates | None = None,
    ) -> None:
        """``folder`` is this receiver's own; ``certificates`` turns TLS on. Returns when every port listens.

        Raises ReceiverFailed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._arrivals = folder / "arrivals"
        self._output = folder / "output.log"
        listening = folder / "ports.json"
        arguments = ["--arrivals", str(self._arrivals), "--listening", str(listening), "--ports", str(ports)]
        arguments += ["--delay-seconds", str(delay_seconds)]
        if hangs:
            arguments.append("--hangs")
        if certificates is not None:
            arguments += ["--certificate", str(certificates.certificate), "--key", str(certificates.key)]
        listening.unlink(missing_ok=True)
        self._process = start_module("bench.receiver", *arguments, env=env, output=self._output)
        self.ports = self._wait_for(listening)
        scheme = "http" if certificates is None else "https"
        self.urls = [f"{scheme}://127.0.0.1:{port}" for port in self.ports]

    @property
    def pid(self) -> int:
        return self._process.pid

    def count(self) -> int:
        """Requests so far; those of the last 20 ms may be missing."""
        return self._arrivals.stat().st_size // RECORD_BYTES

    def connections(self) -> int:
        """Connections that were opened so far, with their TLS where there is any."""
        return self._arrivals.with_suffix(".connections").stat().st_size

    def arrivals(self, skip: int = 0) -> list[Arrival]:
        """Requests so far in the order of their ends, but for the first ``skip``."""
        with self._arrivals.open("rb") as file:
            file.seek(skip * RECORD_BYTES)
            return list(unpack(file.read()))

    def stop(self) -> None:
        """End it; what it has read is in its file. Stopping twice is harmless."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()

    def _wait_for(self, listening: Path) -> list[int]:
        deadline = time.monotonic() + _START_LIMIT_SECONDS
        while not listening.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise ReceiverFailed(f"the receiver did not start.{last_lines(self._output)}")
            time.sleep(_CHECK_SECONDS)
        ports: list[int] = json.loads(listening.read_text())
        return ports

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
