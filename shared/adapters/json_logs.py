"""Logs: one JSON object a line on standard error, one wide line per unit of work.

A message is a constant name of what happened; what it happened to stands in fields, so that logs can be queried.
Bodies, headers and secrets are never fields.
"""

import logging
import sys
from typing import Any

import orjson

from shared.adapters.clock import rfc3339

_QUIET = ("kafka", "httpx", "httpcore", "aiokafka", "faust", "mode", "uvicorn", "asyncio", "alembic")


class JsonFormatter(logging.Formatter):
    """A log record as one JSON object."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": rfc3339(int(record.created * 1000)),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            line.update(fields)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def configure_logs(service: str, level: str) -> None:
    """Send everything at ``level`` and above to standard error as JSON; libraries only from WARNING on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def log(logger: logging.Logger, level: int, message: str, **fields: Any) -> None:
    """Log one unit of work with its fields."""
    if logger.isEnabledFor(level):
        logger.log(level, message, extra={"fields": fields})
