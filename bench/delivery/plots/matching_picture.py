"""Time to match one event and memory of the process, by the number of rules."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.delivery.plots.style import BLUE, GREY, INK, ORANGE, save, sheet


def draw_matching(costs: Sequence[tuple[int, float, float]], file: Path) -> None:
    """``costs``: rules, microseconds an event, MiB."""
    figure, (time, memory) = sheet(5.4, rows=2)
    rules = [each[0] for each in costs]
    microseconds, mebibytes = ([each[place] for each in costs] for place in (1, 2))
    time.axhline(microseconds[0] * 1.2, color=GREY, linestyle="--", linewidth=1)
    time.annotate(
        f"1.2 times that at {rules[0]:,} rules", (rules[0], microseconds[0] * 1.2), (0, 4),
        textcoords="offset points", color="#666666", fontsize=9,
    )  # fmt: skip
    for axes, values, colour, label in (
        (time, microseconds, BLUE, "µs an event"),
        (memory, mebibytes, ORANGE, "MiB of the process"),
    ):
        axes.plot(rules, values, color=colour, marker="o", linewidth=2)
        for place, value in zip(rules, values, strict=True):
            axes.annotate(f"{value:,.0f}", (place, value), (0, -14), textcoords="offset points", ha="center", color=INK)
        axes.set_ylim(0, max(values) * 1.35)
        axes.set_ylabel(label)
        axes.grid(axis="y")
    memory.set_xscale("log")
    memory.set_xticks(rules, [f"{each:,}" for each in rules])
    memory.minorticks_off()
    memory.set_xlabel("rules in the table, ten of which are of the event's type (logarithmic)")
    time.set_title("Matching one event, while the rules of others grow in number")
    save(figure, file)
