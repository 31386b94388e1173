"""How many arrivals a window of time holds at most, over every place the window can have.

A limit that holds from minute to minute may still be broken across the boundary of two minutes, so windows that begin
at each arrival are looked at: the fullest window begins with one.
"""

from __future__ import annotations

from collections.abc import Sequence


def fullest_window(ascending: Sequence[float], seconds: float) -> int:
    """Most arrivals within any ``seconds``, its end excluded. ``ascending`` are times in seconds."""
    most = end = 0
    for begin, time in enumerate(ascending):
        while end < len(ascending) and ascending[end] < time + seconds:
            end += 1
        most = max(most, end - begin)
    return most


def trailing_counts(ascending: Sequence[float], seconds: float) -> list[int]:
    """For each arrival, how many came in the ``seconds`` up to and with it."""
    counts, begin = [], 0
    for index, time in enumerate(ascending):
        while ascending[begin] <= time - seconds:
            begin += 1
        counts.append(index - begin + 1)
    return counts


def per_second(ascending: Sequence[float], begin: float, end: float) -> list[int]:
    """Arrivals in each whole second from ``begin`` to ``end``."""
    counts = [0] * max(0, int(end - begin))
    for time in ascending:
        second = int(time - begin)
        if time >= begin and second < len(counts):
            counts[second] += 1
    return counts
