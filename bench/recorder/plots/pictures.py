"""Two pictures: what a core stores a second beside the goal, and the p95 of each kind of question."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bench.delivery.plots.style import BLUE, GREEN, INK, ORANGE, RED, save, sheet

_COLOURS = {"postgresql": BLUE, "sqlite": ORANGE}
_BAR = 0.36


def draw_writing(per_core: Mapping[str, float], in_all: Mapping[str, float], goal: float, file: Path) -> None:
    """Rows a second by database: for each second of the recorder's CPU, and as it went on this machine."""
    figure, (axes,) = sheet(1.6 + 0.8 * len(per_core))
    names = list(per_core)[::-1]
    for shift, colour, label, values in (
        (_BAR / 2, BLUE, "by a core of the recorder", per_core),
        (-_BAR / 2, GREEN, "as it went here, everything on two cores", in_all),
    ):
        places = [place + shift for place in range(len(names))]
        axes.barh(places, [values[name] for name in names], height=_BAR, color=colour, label=label)
        for place, name in zip(places, names, strict=True):
            axes.text(values[name], place, f" {values[name]:,.0f}", va="center", color=INK)
    axes.axvline(goal, color=RED, linestyle="--", linewidth=1.2, label=f"goal, {goal:,.0f}")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlim(0, max(goal, *per_core.values(), *in_all.values()) * 1.15)
    axes.set_xlabel("rows a second")
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    axes.grid(axis="x")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.25), ncols=3)
    axes.set_title("Rows that a recorder stores")
    save(figure, file)


def draw_listings(p95: Mapping[str, Mapping[str, float]], title: str, file: Path) -> None:
    """Milliseconds by kind of question, a bar for each database."""
    kinds = list(next(iter(p95.values())))[::-1]
    figure, (axes,) = sheet(1.4 + 0.36 * len(kinds))
    height = 0.8 / len(p95)
    for turn, (engine, latencies) in enumerate(p95.items()):
        places = [place + (0.4 - height * (turn + 0.5)) for place in range(len(kinds))]
        axes.barh(places, [latencies[kind] for kind in kinds], height=height, color=_COLOURS[engine], label=engine)
    axes.set_yticks(range(len(kinds)), kinds)
    axes.set_xscale("log")
    axes.set_xlim(left=1.0)
    axes.set_ylim(-0.6, len(kinds) - 0.4)
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(FuncFormatter(_plain))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("p95 in milliseconds, over HTTP")
    axes.grid(axis="x")
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.07), ncols=2)
    axes.set_title(title)
    save(figure, file)


def _plain(value: float, _: object) -> str:
    return f"{value:,g}"
