"""The cost of a delivery as stacked bars: the floor, the stages apart, and one process, with and without TLS."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from matplotlib.artist import Artist

from bench.delivery.core.cpu_times import OTHER
from bench.delivery.plots.style import BLUE, GREEN, GREY, INK, ORANGE, PURPLE, RED, SKY, YELLOW, save, sheet

#: The same colour for the same kind of work, in the floor and in the fleet; in the order in which bars hold them.
_COLOURS: Final = {
    "match": PURPLE,
    "send: event loop": GREEN,
    "HTTP": "#7fc97f",
    "HMAC": INK,
    "JSON": "#5e3c99",
    "send: polling": SKY,
    "Kafka consumers": BLUE,
    "send: outbox": YELLOW,
    "Kafka producer": ORANGE,
    OTHER: GREY,
}
#: Part of the longest bar that a share must have to carry its figure.
_LABELLED = 0.045


@dataclass(frozen=True, slots=True)
class Bar:
    """``parts`` in microseconds, from left to right."""

    label: str
    parts: dict[str, float]


def draw_cost(bars: Sequence[Bar], file: Path) -> None:
    """Horizontal bars, each with its sum."""
    figure, (axes,) = sheet(1.9 + 0.52 * len(bars))
    longest = max(sum(bar.parts.values()) for bar in bars)
    legend: dict[str, Artist] = {}
    for place, bar in enumerate(reversed(bars)):
        left = 0.0
        for part, microseconds in sorted(bar.parts.items(), key=_place):
            colour = _COLOURS.get(part, RED)
            drawn = axes.barh(place, microseconds, left=left, color=colour, edgecolor="white", height=0.7)
            legend.setdefault(part, drawn[0])
            if microseconds > _LABELLED * longest:
                figures = f"{microseconds:.0f}"
                axes.text(left + microseconds / 2, place, figures, ha="center", va="center", color=_ink(colour))
            left += microseconds
        axes.text(left + longest * 0.008, place, f"{left:.0f} µs", va="center", fontweight="bold", color=INK)
    axes.set_yticks(range(len(bars)), [bar.label for bar in reversed(bars)])
    axes.set_xlabel("CPU in microseconds a delivery, user + system")
    axes.set_xlim(0, longest * 1.1)
    axes.grid(axis="x")
    axes.set_title("What one delivery costs, beside bare loops over the same libraries")
    named = sorted(legend, key=lambda part: _place((part, 0.0)))
    figure.legend([legend[part] for part in named], named, loc="outside lower center", ncols=5, fontsize=9)
    save(figure, file)


def _place(part: tuple[str, float]) -> int:
    order = list(_COLOURS)
    return order.index(part[0]) if part[0] in order else len(order)


def _ink(colour: str) -> str:
    """Of figures upon a colour."""
    return INK if colour in (YELLOW, ORANGE, SKY) else "white"
