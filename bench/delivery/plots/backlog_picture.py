"""Records produced for a limited integration second by second, and what healthy receivers notice of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.delivery.plots.isolation_picture import binned
from bench.delivery.plots.style import BLUE, GREY, ORANGE, RED, plain_logarithm, save, sheet

_BINS = 40


def draw_backlog(
    produced: Sequence[int], goal: int, healthy: Sequence[Sequence[tuple[float, float]]], file: Path
) -> None:
    """``produced`` in each second; ``healthy``: (second, milliseconds) of each delivery, before and beside it."""
    figure, (records, latency) = sheet(5.4, rows=2)
    records.step(range(len(produced)), produced, where="post", color=ORANGE, linewidth=1.5)
    records.axhline(goal, color=RED, linestyle="--", linewidth=1.5, label=f"promised: below {goal}")
    records.set_ylim(0, max(goal, *produced) * 1.15)
    records.set_ylabel("records a second for it")
    records.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    records.legend(loc="upper right")
    longest = max(due for found in healthy for due, _ in found)
    for found, colour, label in zip(healthy, (GREY, BLUE), ("before the backlog", "beside it"), strict=True):
        latency.plot(*binned(found, longest, _BINS), color=colour, linewidth=2, label=label)
    plain_logarithm(latency, least=1.0)
    latency.set_ylabel("p95 of the healthy, ms (log.)")
    latency.set_xlabel("seconds since all runs were planned")
    latency.set_xlim(0, max(longest, len(produced)))
    latency.legend(loc="lower left")
    for axes in (records, latency):
        axes.grid()
    records.set_title("100,000 runs waiting for one receiver limited to ten a second")
    save(figure, file)
