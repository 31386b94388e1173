"""What does a delivery cost in CPU when two workers share the partitions, against one alone?

Coordination must not eat what a second worker brings. Whether two are also faster depends on free cores, so deliveries
a second are shown beside the number of cores of the machine.
"""

from __future__ import annotations

import functools
import os

from bench.delivery.core.cpu_times import together
from bench.delivery.core.tables import Table, figure
from bench.delivery.core.traffic import Traffic
from bench.delivery.drain import WARM_UP_EVENTS, Drain, drain, warm_up
from bench.delivery.plots.bars_picture import draw_bars
from bench.delivery.scenario import Result
from bench.delivery.stand import Stand

_WORKERS = (1, 2)


class ScaleOut:
    """See the module."""

    name = "scale-out"
    takes_minutes = False

    def run(self, stand: Stand) -> Result:
        fleet, targets = stand.shared_fleet(), stand.healthy_targets("http")
        drains: dict[int, Drain] = {}
        for number in _WORKERS:
            with stand.phase(f"scale-out: {_words(number)}") as phase:
                roles: list[tuple[str, ...]] = [()] * number
                with fleet.workers(*roles) as workers:
                    warm = Traffic(f"warm-scale-{number}", targets, WARM_UP_EVENTS * number)
                    warm_up(fleet, stand.http, warm, workers)
                    traffic = Traffic(f"scale-{number}", targets, stand.length.drained)
                    drains[number] = drain(fleet, stand.http, traffic, workers, phase.progress)
                phase.say(f"{_cpu(drains[number]):.0f} µs a delivery")
        one, two = (drains[number] for number in _WORKERS)
        rows = [
            (
                _words(number),
                figure(_cpu(each), 0),
                figure(each.per_second, 0),
                _shares(each),
            )
            for number, each in drains.items()
        ]
        rows.append(("2 ÷ 1", figure(_cpu(two) / _cpu(one), 2), figure(two.per_second / one.per_second, 2), ""))
        table = Table(
            "One worker against two",
            ("", "CPU of all workers, µs a delivery", "deliveries/s", "share of each worker's CPU"),
            tuple(rows),
            f"Backlogs of {stand.length.drained:,} events; {os.cpu_count()} cores for workers, broker and receivers.",
        )
        return Result(
            {_words(number): each.account for number, each in drains.items()},
            {
                str(number): {"cpu_us": _cpu(each), "per_second": each.per_second, "cores": os.cpu_count()}
                for number, each in drains.items()
            },
            [table],
            {
                "scale-out": functools.partial(
                    draw_bars,
                    "CPU of a delivery when workers share the partitions",
                    "CPU of all workers, microseconds a delivery",
                    {_words(number): _cpu(each) for number, each in drains.items()},
                )
            },
        )


def _cpu(drained: Drain) -> float:
    return together(drained.used).per(drained.deliveries)


def _shares(drained: Drain) -> str:
    whole = together(drained.used).seconds
    return " + ".join(f"{each.seconds / whole:.0%}" for each in drained.used)


def _words(workers: int) -> str:
    return f"{workers} worker{'s' if workers > 1 else ''}"
