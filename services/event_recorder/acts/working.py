"""The thread that works what people asked for: replays and removals, step by step, until the process stops.

A database that is away is asked again; nothing is lost by it, because all that is to be done stands there.
"""

import logging
import threading
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from services.event_recorder.core.database_waits import wait_seconds
from services.event_recorder.database import unavailable
from services.event_recorder.database_patience import DatabasePatience, Stopping
from services.event_recorder.migrate import migrate
from shared.adapters.json_logs import log

#: Seconds between two looks for what other recorders were asked.
_LOOK_SECONDS = 1.0
_logger = logging.getLogger("hookfleet.recorder.acts")


class Worker(Protocol):
    """Something that goes on in steps."""

    def step(self) -> float | None:
        """Do what is due; seconds until there is more, None when there is nothing."""

    def release(self) -> None:
        """Let others go on."""


class Working:
    """Runs ``workers`` one after another, over the database of ``engine``."""

    def __init__(self, engine: Engine, workers: Sequence[Worker]) -> None:
        self._engine = engine
        self._workers = workers
        self._woken = threading.Event()

    def wake(self) -> None:
        """There is something new to do. Any thread may say so."""
        self._woken.set()

    def run(self, stop: threading.Event) -> None:
        """The thread's body."""
        try:
            DatabasePatience(stop).until_done(lambda: migrate(self._engine))
        except Stopping:
            return
        failures = 0
        while not stop.is_set():
            self._woken.clear()
            try:
                waits = [wait for worker in self._workers if (wait := worker.step()) is not None]
                failures, wait = 0, min(waits, default=_LOOK_SECONDS)
            except SQLAlchemyError as error:
                failures += 1
                wait = wait_seconds(failures)
                log(_logger, logging.WARNING, "acts_wait", error=str(unavailable(error)), retry_seconds=wait)
            if wait:
                # A wish to stop is heard within the second.
                self._woken.wait(min(wait, _LOOK_SECONDS))
        try:
            for worker in self._workers:
                worker.release()
        except SQLAlchemyError as error:
            # Leases run out by themselves.
            log(_logger, logging.WARNING, "not_released", error=str(unavailable(error)))
