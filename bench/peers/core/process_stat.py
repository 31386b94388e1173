"""CPU time of a process tree from what Linux says about its processes.

A process's line counts its own time and that of the children it has waited for, so the sum over all processes of a tree
that are alive counts everybody once: a child that has ended and was waited for stands in its parent's line, one that
lives in its own. What this module refuses to know: where the lines come from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

#: Fields of ``/proc/<pid>/stat`` (proc(5)), counted from the one behind the name: parent; utime, stime, cutime, cstime.
_PARENT: Final = 1
_TIMES: Final = slice(11, 15)


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """``ticks`` of CPU time, user and system, of the process and the children it has waited for."""

    pid: int
    parent: int
    ticks: int


def parse_stat(line: str) -> ProcessStat:
    """One line of ``/proc/<pid>/stat``. The name stands in parentheses and may itself hold spaces and parentheses."""
    head, _, tail = line.rpartition(")")
    fields = tail.split()
    return ProcessStat(int(head.split("(", 1)[0]), int(fields[_PARENT]), sum(map(int, fields[_TIMES])))


def ticks_of_tree(root: int, processes: Sequence[ProcessStat]) -> int:
    """CPU ticks of ``root`` and everything below it; 0 when it is not among ``processes``."""
    children: dict[int, list[ProcessStat]] = {}
    for process in processes:
        children.setdefault(process.parent, []).append(process)
    waiting = [process for process in processes if process.pid == root]
    ticks = 0
    while waiting:
        process = waiting.pop()
        ticks += process.ticks
        waiting += children.get(process.pid, ())
    return ticks


def microseconds_per_delivery(
    before: Mapping[str, float], after: Mapping[str, float], deliveries: int
) -> dict[str, float]:
    """CPU microseconds a delivery of each part, from CPU seconds before and after. Raises ValueError for none."""
    if deliveries < 1:
        raise ValueError("nothing was delivered, so a delivery has no cost")
    return {part: (seconds - before[part]) / deliveries * 1e6 for part, seconds in after.items()}
