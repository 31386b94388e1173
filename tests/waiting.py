"""Waiting on a condition: the only way a test here waits."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_CHECK_SECONDS = 0.02


def wait_for(condition: Callable[[], T], what: str, timeout_seconds: float = 30.0) -> T:
    """The first truthy answer of ``condition``; fails, saying ``what`` did not happen, when time runs out."""
    deadline = time.monotonic() + timeout_seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {timeout_seconds:.0f} s; last seen: {answer!r}")
        time.sleep(_CHECK_SECONDS)
