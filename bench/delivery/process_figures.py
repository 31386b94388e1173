"""Reads what the kernel says of a process: its CPU, its threads' CPU, its memory. Linux alone says so in /proc."""

from __future__ import annotations

import os
from pathlib import Path

from bench.delivery.core.cpu_times import CpuTimes

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def cpu_times(pid: int) -> CpuTimes:
    """User and system time so far. Raises FileNotFoundError when the process is gone."""
    process = Path("/proc") / str(pid)
    threads = {}
    for task in (process / "task").iterdir():
        try:
            name, seconds = _stat(task)
        except (FileNotFoundError, ProcessLookupError):  # it ended while we looked
            continue
        threads[int(task.name), name] = seconds
    return CpuTimes(_stat(process)[1], threads)


def resident_mib(pid: int) -> float:
    """Memory that is there, shared libraries included, in MiB."""
    return int((Path("/proc") / str(pid) / "statm").read_text().split()[1]) * _PAGE_BYTES / 2**20


def _stat(folder: Path) -> tuple[str, float]:
    """(name, seconds of CPU); see proc_pid_stat(5)."""
    text = (folder / "stat").read_text()
    begin, end = text.index("("), text.rindex(")")
    fields = text[end + 1 :].split()
    user, system = int(fields[11]), int(fields[12])
    return text[begin + 1 : end], (user + system) / _TICKS_A_SECOND
