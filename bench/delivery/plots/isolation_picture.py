"""The p95 of healthy receivers over time, with and without others that hang."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.delivery.core.percentiles import percentile
from bench.delivery.plots.style import BLUE, RED, plain_logarithm, save, sheet

_BINS = 24


def draw_isolation(runs: Sequence[tuple[bool, Sequence[tuple[float, float]]]], file: Path) -> None:
    """``runs``: whether it was hurt, and (seconds since its begin, milliseconds) of each delivery."""
    figure, (axes,) = sheet(4.2)
    longest = max(due for _, found in runs for due, _ in found)
    named = set()
    for hurt, found in runs:
        label = "a tenth of the receivers hang" if hurt else "all receivers healthy"
        axes.plot(
            *binned(found, longest, _BINS),
            color=RED if hurt else BLUE,
            linewidth=1.8,
            label=None if label in named else label,
        )
        named.add(label)
    plain_logarithm(axes, least=1.0)
    axes.set_xlim(0, longest)
    axes.set_xlabel("seconds since the run began")
    axes.set_ylabel("p95 of the healthy, ms (logarithmic)")
    axes.grid(which="both")
    axes.legend(loc="lower left")
    axes.set_title("What healthy receivers notice of those that hang: three runs each, in turn")
    save(figure, file)


def binned(found: Sequence[tuple[float, float]], longest: float, bins: int) -> tuple[list[float], list[float]]:
    """The middle of each of ``bins`` from 0 to ``longest`` seconds, and the p95 in it; empty ones are left out."""
    width = longest / bins
    gathered: dict[int, list[float]] = {}
    for due, milliseconds in found:
        gathered.setdefault(min(int(due / width), bins - 1), []).append(milliseconds)
    places = sorted(gathered)
    return [(place + 0.5) * width for place in places], [percentile(sorted(gathered[place]), 0.95) for place in places]
