"""Latency by percentile: the tail is stretched out, because the tail is what people wait for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bench.delivery.core.percentiles import percentile
from bench.delivery.plots.style import BLUE, GREEN, GREY, ORANGE, RED, plain_logarithm, save, sheet

_COLOURS: Final = (BLUE, RED, GREEN, ORANGE)
_TICKS: Final = (0.0, 0.5, 0.9, 0.95, 0.99, 0.999, 0.9999)
#: What was aimed at: share of events, milliseconds.
_GOALS: Final = ((0.95, 30.0), (0.99, 60.0))


def draw_latency(
    from_accepted: Mapping[str, Sequence[float]], from_due: Mapping[str, Sequence[float]], file: Path
) -> None:
    """Milliseconds by point: a line for each since its events were accepted, and a thin one since they were due. The
    axis of percentiles is logarithmic in what is left above."""
    figure, (axes,) = sheet(4.4)
    most = max(map(len, from_accepted.values()))
    for (point, values), colour in zip(from_accepted.items(), _COLOURS, strict=False):
        axes.plot(*_percentiles(values), color=colour, linewidth=2, label=f"{point}, from its 202")
        axes.plot(*_percentiles(from_due[point]), color=colour, linewidth=1, linestyle="--", label="… from when due")
    for share, goal in _GOALS:
        axes.plot(1 / (1 - share), goal, marker="v", color=GREY, markersize=8, linestyle="none")
        axes.annotate(
            f"goal: p{share * 100:.0f} ≤ {goal:.0f} ms", (1 / (1 - share), goal), (0, -70), textcoords="offset points",
            ha="center", color="#666666", fontsize=9, arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 1},
        )  # fmt: skip
    ticks = [share for share in _TICKS if 1 / (1 - share) <= most]
    axes.set_xscale("log")
    axes.set_xticks([1 / (1 - share) for share in ticks], [f"{share * 100:g} %" for share in ticks])
    axes.minorticks_off()
    axes.set_xlim(left=1)
    plain_logarithm(axes)
    axes.set_ylim(top=3 * max(max(values) for values in from_due.values()))
    axes.set_xlabel("of the events arrive within")
    axes.set_ylabel("milliseconds (logarithmic)")
    axes.grid()
    axes.legend(loc="upper left", ncols=2)
    axes.set_title("From the event to the request at the receiver")
    save(figure, file)


def _percentiles(values: Sequence[float]) -> tuple[list[float], list[float]]:
    ascending = sorted(values)
    shares = [step / len(ascending) for step in range(1, len(ascending))]
    return [1 / (1 - share) for share in shares], [percentile(ascending, share) for share in shares]
