"""A worker's memory over time above the backlog it works on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.delivery.plots.style import BLUE, RED, save, sheet

_COLOURS: Final = (BLUE, RED)


def draw_memory(watched: Mapping[str, Sequence[tuple[float, float, int]]], file: Path) -> None:
    """For each name: seconds, MiB, runs that have not ended."""
    figure, (memory, backlog) = sheet(5.4, rows=2)
    for (name, samples), colour in zip(watched.items(), _COLOURS, strict=True):
        seconds = [each[0] for each in samples]
        memory.plot(seconds, [each[1] for each in samples], color=colour, linewidth=2, label=f"backlog {name}")
        backlog.plot(seconds, [each[2] for each in samples], color=colour, linewidth=2)
    memory.set_ylim(bottom=0)
    memory.set_ylabel("resident memory, MiB")
    backlog.set_ylim(bottom=0)
    backlog.set_ylabel("runs that have not ended")
    backlog.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    backlog.set_xlim(left=0)
    backlog.set_xlabel("seconds since the worker was ready")
    for axes in (memory, backlog):
        axes.grid()
    memory.legend(loc="lower right")
    memory.set_title("Memory of one worker under a backlog")
    save(figure, file)
