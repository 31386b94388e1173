"""One service process: started as a child that cannot outlive us, ready when it says so, stopped in order.

Its output goes to ``<part>.log`` in the fleet's folder, and what the start before said to ``<part>.previous.log``, so
that the last words of a killed process are still there.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.local.fleet import probe
from deploy.local.fleet.plan import MODULES, Part
from deploy.local.fleet.python_child import last_lines, start_module


class FleetFailed(Exception):
    """A process ended or did not get ready; the message ends with the last lines of its log."""


class ServiceProcess:
    """A running process of the fleet."""

    def __init__(self, part: Part, port: int, folder: Path, env: Mapping[str, str]) -> None:
        self.part = part
        self.port = port
        self.log = folder / f"{part}.log"
        self._process = start_module(MODULES[part.service], env=env, output=_keep_the_last(self.log))

    @property
    def pid(self) -> int:
        return self._process.pid

    def exit_code(self) -> int | None:
        """None while it runs; negative is the number of the signal that ended it."""
        return self._process.poll()

    def is_ready(self) -> bool:
        """Raises FleetFailed when it has ended instead."""
        code = self.exit_code()
        if code is not None:
            raise FleetFailed(f"{self.part} ended with exit code {code} while starting.{self.last_lines()}")
        return probe.is_ready(self.port)

    def ask_to_stop(self) -> None:
        """SIGTERM: finish what is under way. Harmless when it has ended."""
        self._process.terminate()

    def wait(self, seconds: float) -> bool:
        """Whether it ended within ``seconds``."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL, as a crash: nothing is finished, nothing committed. Returns when it is gone."""
        self._process.kill()
        self._process.wait()

    def last_lines(self) -> str:
        """The end of its log, to stand behind an error."""
        return last_lines(self.log)


def _keep_the_last(log: Path) -> Path:
    """Move the log of the start before this one aside, since a start begins its file anew."""
    if log.exists():
        log.replace(log.with_suffix(".previous.log"))
    return log
