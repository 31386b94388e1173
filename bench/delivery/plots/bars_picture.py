"""A few figures as horizontal bars, each with its value."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from bench.delivery.plots.style import BLUE, INK, save, sheet


def draw_bars(title: str, unit: str, values: Mapping[str, float], file: Path) -> None:
    """A bar for each of ``values``, the first one on top."""
    figure, (axes,) = sheet(1.3 + 0.45 * len(values))
    labels = list(values)[::-1]
    longest = max(values.values())
    axes.barh(labels, [values[label] for label in labels], color=BLUE, height=0.6)
    for place, label in enumerate(labels):
        axes.text(values[label] + longest * 0.008, place, f"{values[label]:,.0f}", va="center", color=INK)
    axes.set_xlim(0, longest * 1.1)
    axes.set_xlabel(unit)
    axes.grid(axis="x")
    axes.set_title(title)
    save(figure, file)
