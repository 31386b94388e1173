"""Work that needs the database, tried until it succeeds.

An unavailable database is neither a record's fault nor a reason to restart: the batch stays in hand, readiness says
what is wrong, and the topics keep what comes meanwhile. If that outlasts the time Kafka allows between polls, the
partitions go elsewhere and the batch is read again, which changes nothing.
"""

import logging
import threading
from collections.abc import Callable
from typing import TypeVar

from services.event_recorder.core.database_waits import wait_seconds
from services.event_recorder.database import DatabaseUnavailable
from shared.adapters.json_logs import log

Result = TypeVar("Result")
_logger = logging.getLogger("hookfleet.recorder.database")


class Stopping(Exception):
    """The process is asked to end while the database is unavailable; nothing of this work was stored."""


class DatabasePatience:
    """Tries again until ``stop`` is set, and knows what the database said last."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._says: str | None = "not reached yet"

    def not_ready(self) -> str | None:
        """A readiness check: the last word of the database."""
        return self._says

    def until_done(self, work: Callable[[], Result]) -> Result:
        """What ``work`` returns, once it does not raise DatabaseUnavailable. Raises Stopping."""
        failures = 0
        while True:
            try:
                result = work()
            except DatabaseUnavailable as error:
                failures += 1
                self._says = str(error)
                wait = wait_seconds(failures)
                log(
                    _logger,
                    logging.WARNING,
                    "database_unavailable",
                    error=self._says,
                    failures=failures,
                    retry_seconds=wait,
                )
                if self._stop.wait(wait):
                    raise Stopping(self._says) from error
            else:
                self._says = None
                return result
