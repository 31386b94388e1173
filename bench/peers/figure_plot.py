"""The comparison as one picture: what a delivery costs, and how many there are a second, a row for each road.

Rows have scales of their own, since only contenders of one road compare. A contender's own CPU is solid; what runs
beside it for the same delivery is laid on in lighter shades and named, so that neither a database nor a broker
disappears from the bill. Lost and duplicate events stand at every bar, also where they are none.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from bench.peers.comparison import Compared
from bench.peers.core.figures import Figures, Road
from bench.peers.measuring_place import MeasuringPlace

_OURS: Final = "#0f766e"
_THEIRS: Final = "#64748b"
_QUIET: Final = "#475569"
_BESIDE: Final = ("#cbd5e1", "#dbe3ec", "#e8edf3")
_BAR_HEIGHT: Final = 0.62
#: Room to the right of the longest bar for what is written there, as a share of the axis.
_ROOM: Final = 0.45


def draw(compared: Compared, place: MeasuringPlace, path: Path) -> None:
    """Write the picture as PNG; a road without figures is left out."""
    rows = [(road, [each for each in compared.figures if each.contender.road is road]) for road in Road]
    rows = [(road, figures) for road, figures in rows if figures]
    bars = [len(figures) for _, figures in rows]
    layout = ConstrainedLayoutEngine(h_pad=0.18, w_pad=0.1, rect=(0.01, 0.06, 0.98, 0.94))
    picture = Figure(figsize=(13, 2.0 + 0.85 * sum(bars) + 0.9 * len(rows)), layout=layout)
    FigureCanvasAgg(picture)
    grid = picture.subplots(len(rows), 2, squeeze=False, height_ratios=bars)
    for (road, figures), (cost, rate) in zip(rows, grid, strict=True):
        cost.set_title(f"{road.value}: CPU µs per delivery (less is better)", loc="left", fontsize=11)
        rate.set_title("Deliveries per second, the machine shared (more is better)", loc="left", fontsize=11)
        for index, each in enumerate(figures):
            _cost_bar(cost, index, each)
            _rate_bar(rate, index, each)
        _finish(cost, [_label(each) for each in figures])
        _finish(rate, [""] * len(figures))
    title = "Hookfleet beside a compiled Kafka-to-HTTP sink and an open webhook server"
    picture.suptitle(title, x=0.015, ha="left", fontsize=14)
    picture.text(0.015, 0.015, place.line(), fontsize=8, color=_QUIET)
    picture.savefig(path, dpi=120)


def _finish(axes: Axes, labels: list[str]) -> None:
    axes.set_yticks(range(len(labels)), labels)
    axes.invert_yaxis()
    axes.set_xlim(right=axes.get_xlim()[1] * (1 + _ROOM))
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(left=False, labelcolor=_QUIET)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="x", color="#e2e8f0")
    axes.set_axisbelow(True)


def _label(figures: Figures) -> str:
    return f"{figures.contender.name}\n{figures.contender.version} ({figures.contender.licence})"


def _color(figures: Figures) -> str:
    return _OURS if figures.contender.name.startswith("Hookfleet") else _THEIRS


def _cost_bar(axes: Axes, index: int, figures: Figures) -> None:
    axes.barh(index, figures.cpu.median, color=_color(figures), height=_BAR_HEIGHT)
    right = figures.cpu.median
    for shade, microseconds in zip(_BESIDE, figures.beside.values(), strict=False):
        axes.barh(index, microseconds, left=right, color=shade, height=_BAR_HEIGHT, edgecolor="white")
        right += microseconds
    beside = "\n".join(f"+ {part} {microseconds:,.0f}" for part, microseconds in figures.beside.items())
    _write(axes, right, index, f"{figures.cpu.median:,.0f} µs", beside, figures)


def _rate_bar(axes: Axes, index: int, figures: Figures) -> None:
    axes.barh(index, figures.per_second.median, color=_color(figures), height=_BAR_HEIGHT)
    counted = f"{figures.delivered:,} delivered\n{figures.lost:,} lost, {figures.duplicates:,} duplicates"
    _write(axes, figures.per_second.median, index, f"{figures.per_second.median:,.0f}/s", counted, figures)


def _write(axes: Axes, x: float, index: int, figure: str, beside: str, figures: Figures) -> None:
    """The figure in bold and, to the right of it, what belongs to it in small letters."""
    bold = axes.annotate(
        figure, (x, index), (6, 0), textcoords="offset points", va="center", weight="bold", color=_color(figures)
    )
    axes.annotate(
        beside, (1, 0.5), (8, 0), xycoords=bold, textcoords="offset points", va="center", fontsize=7.5, color=_QUIET
    )
