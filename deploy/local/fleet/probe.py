"""Asking one process of ours how it is: ``/readyz`` and ``/metrics`` over loopback, with short patience."""

from __future__ import annotations

import http.client
import re

#: Seconds for an answer from a process on this machine; one that computes at start may take a while.
_PATIENCE_SECONDS = 2.0


def get(port: int, path: str) -> tuple[int, str] | None:
    """(status, body), or None when nobody answers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def is_ready(port: int) -> bool:
    """Whether ``/readyz`` says so."""
    answer = get(port, "/readyz")
    return answer is not None and answer[0] == 200


def gauge(port: int, name: str) -> float | None:
    """The value of a metric without labels; None when the process or the metric is not there."""
    answer = get(port, "/metrics")
    found = answer and re.search(rf"^{re.escape(name)} (\S+)$", answer[1], re.MULTILINE)
    return float(found[1]) if found else None
