"""Costly expressions, evaluated in a process of their own that may run out of time or memory without hurting anybody.

What makes an expression costly is said in `shared.core.expression_cost`. One evaluation, of all expressions of a run at
once, gets `TIME_LIMIT_SECONDS` of processor time and `MEMORY_LIMIT_BYTES` of memory; the kernel ends a process that
takes more, and the next one is there a few milliseconds later. What ended is a `Failure` that says which limit it was.
Whoever waits here waits for as long as that and the scheduler take, some 50 ms on a machine with a core to spare; a
small evaluation takes 0.06 ms, nearly all of it for the way there and back. The first call waits for the process to
start, 50 ms, once.

The process knows neither our environment nor our files: it gets an event and expressions through a socket and gives
values back. It is not shared between threads, so that what one waits for is its own.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.adapters.cel_environments import Sight
from shared.adapters.cel_frames import Closed, receive, send
from shared.adapters.cel_sandbox_process import MEMORY_LIMIT_BYTES, TIME_LIMIT_SECONDS, decoded_values, request_frame
from shared.core.expression_values import Failure, Value

#: How long to wait for a process that says nothing, in seconds: one that was stopped, or a machine that stands still.
SILENCE_SECONDS = 5.0

_REASON = {
    signal.SIGPROF: f"took more than {TIME_LIMIT_SECONDS * 1000:.0f} ms to evaluate",
    signal.SIGABRT: f"took more than {MEMORY_LIMIT_BYTES // 2**20} MiB to evaluate",
}


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Values in the order of the expressions, and the processor time they took, in seconds."""

    values: list[Value | Failure]
    seconds: float


class Sandbox:
    """One process, started when it is first needed. For one thread at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._number = 0

    def evaluate(self, sight: Sight, texts: Sequence[str], event: bytes, more: Mapping[str, Any]) -> Evaluated:
        """Evaluate over one event (structured JSON; empty for none) and ``more`` variables."""
        with self._lock:
            channel = self._channel or self._start()
            self._number += 1
            try:
                send(channel, *request_frame(self._number, sight, texts, event, more))
                while True:
                    head, body = receive(channel)
                    if "ended_by" in head:
                        return _all_failed(texts, _REASON.get(head["ended_by"], "could not be evaluated"))
                    if head["number"] == self._number:
                        return Evaluated(decoded_values(body), head["seconds"])
            except (Closed, OSError):
                self._stop()
                return _all_failed(texts, "could not be evaluated: the process for it does not answer")

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        ours.settimeout(SILENCE_SECONDS)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "shared.adapters.cel_sandbox_process", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                env={"PYTHONPATH": os.pathsep.join(each for each in sys.path if each)},
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._channel = ours
        return ours

    def _stop(self) -> None:
        if self._channel is not None:
            self._channel.close()
            self._channel = None
        if self._process is not None:
            # Its session is its own, so this ends what it forked too.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


def _all_failed(texts: Sequence[str], reason: str) -> Evaluated:
    return Evaluated([Failure(reason)] * len(texts), TIME_LIMIT_SECONDS)
