"""CPU that processes used, and each of their threads, between two readings: shares of a delivery in microseconds.

What the kernel charges (user and system time) is what a machine must have for it, whether or not the work ran beside
other work. It refuses to know where readings come from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

OTHER = "(other)"
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Seconds of CPU since a process began: of the whole, and of each living thread by (thread id, name)."""

    seconds: float
    threads: Mapping[tuple[int, str], float]


@dataclass(frozen=True, slots=True)
class CpuUsed:
    """Seconds of CPU between two readings; ``threads`` by name, those of one name together."""

    seconds: float
    threads: Mapping[str, float]

    def per(self, deliveries: int) -> float:
        """Microseconds a delivery."""
        return self.seconds / deliveries * _MICROSECONDS

    def threads_per(self, deliveries: int) -> dict[str, float]:
        """Microseconds a delivery by thread, most first; what ended in between is ``(other)``."""
        shares = {name: seconds / deliveries * _MICROSECONDS for name, seconds in self.threads.items()}
        return dict(sorted(shares.items(), key=lambda share: -share[1]))


def used(before: CpuTimes, after: CpuTimes) -> CpuUsed:
    """The difference. Threads that began in between count from zero, those that ended are in ``(other)``.

    The kernel rounds every figure to a tick by itself; where threads come to more than their process, they are scaled
    down to it.
    """
    threads: dict[str, float] = {}
    for thread, seconds in after.threads.items():
        threads[thread[1]] = threads.get(thread[1], 0.0) + seconds - before.threads.get(thread, 0.0)
    total = after.seconds - before.seconds
    rest = total - sum(threads.values())
    if rest > 0:
        threads[OTHER] = rest
    elif rest < 0:
        scale = total / sum(threads.values())
        threads = {name: seconds * scale for name, seconds in threads.items()}
    return CpuUsed(total, threads)


def together(parts: Iterable[CpuUsed]) -> CpuUsed:
    """Several processes as one."""
    seconds, threads = 0.0, dict[str, float]()
    for part in parts:
        seconds += part.seconds
        for name, share in part.threads.items():
            threads[name] = threads.get(name, 0.0) + share
    return CpuUsed(seconds, threads)
