"""A service process under measurement: started as a fleet starts it, but with threads that the kernel knows by name."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.delivery.core.cpu_times import CpuTimes
from bench.delivery.process_figures import cpu_times, resident_mib
from deploy.local.fleet import FleetFailed, Part, probe
from deploy.local.fleet.plan import MODULES
from deploy.local.fleet.python_child import last_lines, start_module

_START_LIMIT_SECONDS = 60.0
_STOP_LIMIT_SECONDS = 30.0
_CHECK_SECONDS = 0.02


class MeasuredProcess:
    """Runs from construction until :meth:`stop`."""

    def __init__(self, part: Part, port: int, folder: Path, env: Mapping[str, str]) -> None:
        self.part = part
        self.port = port
        self._log = folder / f"{part}-{port}.log"
        self._process = start_module("bench.delivery.named_threads", MODULES[part.service], env=env, output=self._log)

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_until_ready(self) -> None:
        """Raises FleetFailed when it ends or takes too long."""
        deadline = time.monotonic() + _START_LIMIT_SECONDS
        while not probe.is_ready(self.port):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise FleetFailed(f"{self.part} did not get ready.{last_lines(self._log)}")
            time.sleep(_CHECK_SECONDS)

    def check(self) -> None:
        """Raises FleetFailed when it has ended by itself."""
        if self._process.poll() is not None:
            raise FleetFailed(f"{self.part} ended by itself.{last_lines(self._log)}")

    def cpu_times(self) -> CpuTimes:
        return cpu_times(self.pid)

    def resident_mib(self) -> float:
        return resident_mib(self.pid)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Nothing of it runs meanwhile, so that another stage can be measured alone."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM: it drains and ends; killed when it does not. Stopping twice is harmless."""
        self._process.terminate()
        try:
            self._process.wait(_STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        self._process.kill()
        self._process.wait()
