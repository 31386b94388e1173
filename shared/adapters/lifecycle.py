"""From start to end of a process: signals, crashes and the drain deadline.

A service is a few threads. SIGTERM and SIGINT set one event that each of them watches; then each ends its own work and
returns. One that is not back by the deadline is left behind: its offsets were not committed, so nothing is lost. A
thread that raises takes the process down with status 1, because a fleet that limps is worse than a pod that restarts.
"""

import gc
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable

from shared.adapters.health import Health
from shared.adapters.json_logs import log

#: Interpreter switch interval in seconds: several threads share the lock with one event loop, and the default of 5 ms
#: is added to a request's latency whenever another thread computes.
SWITCH_INTERVAL_SECONDS = 0.0005
#: Objects made and not yet gone at which Python looks for cycles among them, and how many such looks come before one at
#: older objects. Work under way is hundreds of objects that are no garbage, and Python's own 700 looked through them
#: again and again: 30 of 310 microseconds a delivery (docs/performance.md). Hardly anything here is a cycle.
GARBAGE_THRESHOLDS = (20_000, 10, 10)

_logger = logging.getLogger("hookfleet.lifecycle")


class Supervisor:
    """Runs threads until a signal or a crash, then drains and closes.

    Make it before anything answers ``/readyz``: until it runs, the process is not ready, because its parts are not all
    named yet and SIGTERM would not drain.
    """

    def __init__(self, health: Health, drain_seconds: float) -> None:
        self.stop = threading.Event()
        self._started = threading.Event()
        health.add("process", lambda: None if self._started.is_set() else "starting")
        self._health = health
        self._drain_seconds = drain_seconds
        self._threads: list[threading.Thread] = []
        self._closers: list[Callable[[], None]] = []
        self._failed = False
        sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)

    def spawn(self, name: str, target: Callable[[], None]) -> None:
        """Run ``target`` in a thread. It must return soon after ``stop`` is set."""

        def guarded() -> None:
            try:
                target()
                if not self.stop.is_set():
                    raise RuntimeError(f"{name} ended by itself")
            except BaseException as error:  # noqa: BLE001 - a thread that dies takes the process with it
                self.crash(name, error)

        thread = threading.Thread(target=guarded, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def crash(self, component: str, error: BaseException) -> None:
        """Take the process down: something the fleet stands on has failed."""
        _logger.error("crashed", exc_info=error, extra={"fields": {"component": component}})
        self._health.crashed(component)
        self._failed = True
        self.stop.set()

    def on_close(self, close: Callable[[], None]) -> None:
        """Called in reverse order once every thread is back."""
        self._closers.append(close)

    def run(self) -> int:
        """Block until stopped and drained; the process's exit status."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        self._started.set()
        gc.collect()
        gc.freeze()  # what has been imported and built stays as long as the process
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        # A bare wait() would not let the main thread run signal handlers on every platform.
        while not self.stop.wait(timeout=1.0):
            pass
        log(_logger, logging.INFO, "draining", deadline_seconds=self._drain_seconds)
        alarm = threading.Timer(self._drain_seconds, self._give_up)
        alarm.daemon = True
        alarm.start()
        for thread in self._threads:
            thread.join()
        for close in reversed(self._closers):
            close()
        alarm.cancel()
        log(_logger, logging.INFO, "stopped", failed=self._failed)
        return 1 if self._failed else 0

    def _give_up(self) -> None:
        alive = [thread.name for thread in self._threads if thread.is_alive()]
        log(_logger, logging.ERROR, "drain deadline passed", unfinished=alive)
        sys.stderr.flush()
        os._exit(1)
