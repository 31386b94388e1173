"""The look of all pictures: size, type, colours that colour-blind readers can tell apart, and few lines."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

#: Okabe and Ito's palette.
BLUE: Final = "#0072B2"
ORANGE: Final = "#E69F00"
GREEN: Final = "#009E73"
RED: Final = "#D55E00"
PURPLE: Final = "#CC79A7"
SKY: Final = "#56B4E9"
YELLOW: Final = "#F0E442"
GREY: Final = "#999999"
INK: Final = "#222222"

_DPI = 144
_WIDTH_INCHES = 8.6

mpl.rcParams.update(
    {
        "font.size": 10,
        "axes.titlesize": 12,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 12,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.axisbelow": True,
        "grid.color": "#e4e4e4",
        "legend.frameon": False,
        "svg.fonttype": "none",
    }
)


def sheet(height_inches: float, rows: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure with ``rows`` axes above each other that share their x axis."""
    figure = Figure(figsize=(_WIDTH_INCHES, height_inches), layout="constrained")
    axes = figure.subplots(rows, 1, sharex=True, squeeze=False)
    return figure, [each[0] for each in axes]


def plain_logarithm(axes: Axes, least: float | None = None) -> None:
    """A logarithmic y axis whose ticks are written as plain numbers. It begins at ``least``, so that small differences
    do not fill the picture. Call it when everything is drawn."""
    axes.set_yscale("log")
    if least is not None:
        axes.set_ylim(bottom=least, top=axes.get_ylim()[1] * 1.5)
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def save(figure: Figure, file: Path) -> None:
    """As PNG."""
    figure.savefig(file, dpi=_DPI, facecolor="white")
