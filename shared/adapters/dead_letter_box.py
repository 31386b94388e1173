"""Setting one bad record aside, so that it stops nothing.

A handler wraps the work on one record in :meth:`DeadLetterBox.guard`. What it raises there is the record's fault or
our own code's, and becomes a dead letter with the original bytes; a failure of Kafka or a database is neither, goes
on as an exception and ends the process with the record uncommitted.
"""

import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pydantic import ValidationError

from shared.adapters import metrics
from shared.adapters.json_logs import log
from shared.core.dead_letters import DeadLetter, Reason
from shared.core.faults import InfrastructureError, InvalidInput, faults_of
from shared.core.records import OutRecord, Record

_logger = logging.getLogger("hookfleet.dead_letters")


class DeadLetterBox:
    """Makes dead letters for one service, addressed to ``topic``."""

    def __init__(self, topic: str, service: str) -> None:
        self._topic = topic
        self._service = service

    def letter(self, record: Record, error: Exception) -> OutRecord:
        """The dead letter for ``record``, logged and counted."""
        match error:
            case InvalidInput():
                reason, detail = Reason.INVALID, str(error)
            case ValidationError():
                reason, detail = Reason.INVALID, " | ".join(str(fault) for fault in faults_of(error))
            case _:
                reason = Reason.INTERNAL
                detail = "".join(traceback.format_exception(error))
        metrics.DEAD_LETTERS.labels(record.topic, reason.value).inc()
        log(
            _logger,
            logging.WARNING if reason is Reason.INVALID else logging.ERROR,
            "dead_letter",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            reason=reason.value,
            detail=detail,
        )
        dead = DeadLetter(
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            service=self._service,
            reason=reason,
            detail=detail,
            key=record.key,
            value=record.value,
            original_headers=record.header_list,
        ).fitted()
        return OutRecord(self._topic, dead.record_key(), dead.value, dead.headers())

    @contextmanager
    def guard(self, record: Record, set_aside: Callable[[OutRecord], None]) -> Iterator[None]:
        """Work on ``record``; on its failure ``set_aside`` gets the dead letter and the block ends quietly."""
        try:
            yield
        except InfrastructureError:
            raise
        except Exception as error:  # noqa: BLE001 - what our own code raises on one record stops nothing
            set_aside(self.letter(record, error))
