"""Foreign programs as children that end with us: started, waited for until they answer, stopped in reverse order."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.peers.unavailable import Unavailable
from deploy.local.broker.child_process import start_child
from deploy.local.fleet.python_child import last_lines

_START_LIMIT_SECONDS = 30.0
_STOP_LIMIT_SECONDS = 10.0
_CHECK_SECONDS = 0.05


class ChildPrograms:
    """What was started, by name. As a context manager everything is stopped on leaving."""

    def __init__(self, folder: Path) -> None:
        """``folder`` takes the programs' output, one file each; made if missing."""
        self._folder = folder
        self._running: dict[str, tuple[subprocess.Popen[bytes], signal.Signals]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def start(
        self,
        name: str,
        command: Sequence[str],
        *,
        env: Mapping[str, str],
        answers: Callable[[], bool],
        directory: Path | None = None,
        stop_by: signal.Signals = signal.SIGTERM,
    ) -> int:
        """Start a program and return its process id when it ``answers``. Raises Unavailable when it does not."""
        output = self._folder / f"{name}.log"
        process = start_child(command, env=env, directory=directory or self._folder, output=output)
        self._running[name] = (process, stop_by)
        deadline = time.monotonic() + _START_LIMIT_SECONDS
        while not answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"{name} did not start.{last_lines(output)}")
            time.sleep(_CHECK_SECONDS)
        return process.pid

    def stop(self) -> None:
        """End everything, the last started first; what does not end in time is killed. Twice is harmless."""
        while self._running:
            _, (process, stop_by) = self._running.popitem()
            process.send_signal(stop_by)
            try:
                process.wait(_STOP_LIMIT_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0):
            return True
    except OSError:
        return False
