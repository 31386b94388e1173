"""Asking again while the server has no room (503), for requests that change nothing when they come twice."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from deploy.cli.api_client import Refused

_TRIES = 10
_WAIT_SECONDS = 1.0


def patiently(ask: Callable[[], Any]) -> Any:
    """The answer of ``ask``. Raises what it raises, a 503 only when it was the tenth."""
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except Refused as refusal:
            if refusal.status != 503:
                raise
        time.sleep(_WAIT_SECONDS)
    return ask()
