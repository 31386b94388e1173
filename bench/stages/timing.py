"""CPU time of one call, in microseconds: the median of several rounds.

CPU time of the process, not the wall clock: what other processes do on the machine then counts as little as it can.
The garbage collector runs as it does in a worker, because what it costs is part of what a stage costs.
"""

import statistics
import time
from collections.abc import Callable

ROUNDS = 7
#: CPU time of one round, in nanoseconds: long against the clock's own steps, short enough for a few dozen stages.
ROUND_NS = 60_000_000


def cpu_microseconds(call: Callable[[], object]) -> float:
    """CPU time of one ``call``."""
    count = 1
    while (spent := _spent_ns(call, count)) < ROUND_NS // 4:
        count *= 2 if spent > ROUND_NS // 40 else 8
    count = max(1, count * ROUND_NS // spent)
    return statistics.median(_spent_ns(call, count) for _ in range(ROUNDS)) / count / 1000


def _spent_ns(call: Callable[[], object], count: int) -> int:
    began = time.process_time_ns()
    for _ in range(count):
        call()
    return time.process_time_ns() - began
