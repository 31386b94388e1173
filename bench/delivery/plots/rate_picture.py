"""Requests at a limited receiver in each trailing minute, beside what the limit allows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bench.delivery.core.rate_windows import per_second, trailing_counts
from bench.delivery.plots.style import BLUE, GREY, RED, save, sheet


def draw_rate(times: Sequence[float], window: int, allowed: int, rebalance: float, file: Path) -> None:
    """``times`` of arrivals and ``rebalance`` in seconds since the first event."""
    figure, (trailing, each_second) = sheet(5.4, rows=2)
    trailing.plot(times, trailing_counts(times, window), color=BLUE, linewidth=2, label=f"in the last {window} s")
    trailing.axhline(allowed, color=RED, linestyle="--", linewidth=1.5, label=f"allowed: {allowed:,}")
    trailing.set_ylim(0, allowed * 1.15)
    trailing.set_ylabel(f"requests in {window} s")
    trailing.legend(loc="lower right")
    counts = per_second(times, 0.0, times[-1])
    each_second.step(range(len(counts)), counts, where="post", color=BLUE, linewidth=1.5)
    each_second.set_ylim(bottom=0)
    each_second.set_ylabel("requests in each second")
    each_second.set_xlabel("seconds since the first event")
    for axes in (trailing, each_second):
        axes.axvline(rebalance, color=GREY, linewidth=1.5)
        axes.set_xlim(left=0)
        axes.grid(axis="y")
    each_second.annotate(
        "its worker leaves", (rebalance, 0), (4, 6), textcoords="offset points", color="#666666", fontsize=9
    )
    trailing.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    trailing.set_title("A rate limit, counted by the receiver")
    save(figure, file)
