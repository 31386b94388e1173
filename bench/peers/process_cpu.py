"""CPU seconds of process trees, read from ``/proc``. Linux only; the kernel counts in ticks of 10 ms as a rule."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from bench.peers.core.process_stat import ProcessStat, parse_stat, ticks_of_tree

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(roots: Mapping[str, int]) -> dict[str, float]:
    """CPU seconds so far of each tree, by the name that ``roots`` gives to its first process."""
    processes = _processes()
    return {name: ticks_of_tree(root, processes) / _TICKS_A_SECOND for name, root in roots.items()}


def _processes() -> list[ProcessStat]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):  # it ended while we looked
                found.append(parse_stat((entry / "stat").read_text(errors="replace")))
    return found
