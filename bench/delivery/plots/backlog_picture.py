"""Records produced for a limited integration second by second, and what healthy receivers notice of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.delivery.plots.isolation_picture import binned
from bench.delivery.plots.style import BLUE, GREY, INK, ORANGE, RED, plain_logarithm, save, sheet

_BIN_SECONDS = 2.0
_PLANNING = "#f1f1f1"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Deliveries to healthy receivers: (seconds since it ``began``, milliseconds) of each."""

    began: float
    found: Sequence[tuple[float, float]]

    def p95(self) -> tuple[list[float], list[float]]:
        """Over time, in seconds since the backlog was released."""
        longest = max(due for due, _ in self.found)
        places, values = binned(self.found, longest, max(1, round(longest / _BIN_SECONDS)))
        return [self.began + each for each in places], values


def draw_backlog(
    by_others: Sequence[int],
    by_matcher: Sequence[int],
    goal: int,
    all_wait: float,
    before: Stretch,
    beside: Stretch,
    file: Path,
) -> None:
    """Records in each second since the backlog was released; ``all_wait`` is when all of its runs had been put off."""
    figure, (records, latency) = sheet(6.0, rows=2)
    for counts, colour, label in (
        (by_matcher, GREY, "the matcher's requests and match records"),
        (by_others, ORANGE, "all others: waiting, attempts, outcomes"),
    ):
        shown = [count or math.nan for count in counts]
        records.step(range(len(shown)), shown, where="post", color=colour, linewidth=1.6, label=label)
    records.axhline(goal, color=RED, linestyle="--", linewidth=1.5, label=f"promised of all others: below {goal}")
    plain_logarithm(records, least=1.0)
    records.set_ylim(top=30_000)
    records.set_ylabel("records a second for it (log.)")
    latency.plot(*before.p95(), color=GREY, linewidth=2, label="before the backlog")
    latency.plot(*beside.p95(), color=BLUE, linewidth=2, label="beside it, all its runs waiting")
    plain_logarithm(latency, least=1.0)
    latency.set_ylabel("p95 of the healthy, ms (log.)")
    latency.set_xlabel("seconds since the events of 100,000 runs could be read")
    latency.set_xlim(before.began, len(by_others))
    for axes in (records, latency):
        axes.axvspan(0, all_wait, color=_PLANNING, zorder=0)
        axes.grid()
    latency.legend(loc="lower right")
    records.legend(loc="upper right")
    records.annotate("being put off", (all_wait / 2, 1.3), ha="center", color=INK, fontsize=9)
    records.set_title("100,000 runs waiting for one receiver limited to ten a second")
    save(figure, file)
