"""What do receivers that hang cost those that do not?

A tenth of the integrations post to receivers which take the request and never answer, until the timeout. What counts is
what the other nine tenths notice: their p95 and their throughput, against runs in which all receivers are healthy.
Baseline and hurt run in turn, three times each, so that a machine that gets slower hurts both. Together the hanging
ones ask for more requests at once than the worker does, so without isolation they would take all of it.
"""

from __future__ import annotations

import dataclasses
import functools
import time
from collections.abc import Set
from dataclasses import dataclass
from statistics import median

from bench.delivery.core.accounting import Account
from bench.delivery.core.pace import Latency
from bench.delivery.core.percentiles import LatencySummary, finite, summarise
from bench.delivery.core.tables import Table, figure
from bench.delivery.core.traffic import Traffic, targets
from bench.delivery.drain import WARM_UP_EVENTS, warm_up
from bench.delivery.paced import Paced, pace
from bench.delivery.plots.isolation_picture import draw_isolation
from bench.delivery.scenario import Result
from bench.delivery.stand import PORTS, Stand

_ROUNDS = 3
_HANGING = PORTS // 10


@dataclass(frozen=True, slots=True)
class _Load:
    """Hanging integrations ask for ``per_second`` / 10 * ``timeout_seconds`` of the ``max_in_flight`` places."""

    per_second: int
    timeout_seconds: float
    max_in_flight: int


#: The long form has the worker's and the integration's defaults; the short one is smaller so that seconds suffice.
_LONG = _Load(per_second=500, timeout_seconds=15.0, max_in_flight=500)
_SHORT = _Load(per_second=200, timeout_seconds=3.0, max_in_flight=50)
_LEAST_SECONDS = 3.0
#: Seconds after a hurt run in which what the hanging receivers left behind may end, for each second of their timeout.
_SETTLE_FACTOR = 1.2


@dataclass(frozen=True, slots=True)
class _Run:
    """What the others noticed."""

    hurt: bool
    latencies: list[Latency]
    per_second: float
    account: Account

    @property
    def summary(self) -> LatencySummary:
        return summarise((each.from_due_ms for each in self.latencies), self.account.lost)

    @property
    def p95(self) -> float:
        return self.summary.p95 or 0.0


class Isolation:
    """See the module."""

    name = "isolation"
    takes_minutes = False

    def run(self, stand: Stand) -> Result:
        load = _LONG if stand.length.is_long else _SHORT
        seconds = max(_LEAST_SECONDS, stand.length.seconds)
        hanging = stand.own_receiver("hanging-isolation", _HANGING, hangs=True)
        healthy = stand.healthy_targets("http")
        stuck = targets("hanging", hanging.urls, {"timeout_seconds": load.timeout_seconds})
        others = {each.id for each in healthy[:-_HANGING]}
        runs: list[_Run] = []
        fleet = stand.shared_fleet()
        with fleet.workers((), settings={"HOOKFLEET_MAX_IN_FLIGHT": str(load.max_in_flight)}) as workers:
            warm_up(fleet, stand.http, Traffic("warm-isolation", healthy, WARM_UP_EVENTS), workers)
            for number in range(_ROUNDS * 2):
                hurt = number % 2 == 1
                title = f"isolation: {'hurt' if hurt else 'baseline'}, {number // 2 + 1} of {_ROUNDS}"
                with stand.phase(title) as phase:
                    fleet.apply([dataclasses.replace(each, active=hurt) for each in stuck])
                    tenth = stuck if hurt else healthy[-_HANGING:]
                    chosen = [*healthy[:-_HANGING], *tenth]
                    traffic = Traffic(f"isolation-{number}", chosen, round(load.per_second * seconds))
                    elsewhere = {each.id for each in stuck}
                    paced = pace(fleet, stand.env, stand.http, traffic, load.per_second, workers, but=elsewhere)
                    runs.append(_run(hurt, traffic, others, paced, seconds))
                    if hurt:
                        # What still waits for them shall end, and not disturb the baseline that follows.
                        fleet.apply([dataclasses.replace(each, active=False) for each in stuck])
                        time.sleep(load.timeout_seconds * _SETTLE_FACTOR)
                    phase.say(f"p95 of the others {runs[-1].p95:.1f} ms, {runs[-1].per_second:.0f} a second")
        return _result(runs, load, seconds)


def _run(hurt: bool, traffic: Traffic, others: Set[str], paced: Paced, seconds: float) -> _Run:
    """Throughput is what arrived at the others while events were sent."""
    theirs = [each for each in paced.latencies if traffic.target(each.number).id in others]
    in_time = sum(each.due_seconds + each.from_due_ms / 1000 <= seconds for each in theirs)
    return _Run(hurt, theirs, in_time / seconds, paced.account)


def _result(runs: list[_Run], load: _Load, seconds: float) -> Result:
    rows = [
        (
            f"{'hurt' if run.hurt else 'baseline'} {index // 2 + 1}",
            *(figure(each) for each in (run.summary.p50, run.p95, run.per_second)),
        )
        for index, run in enumerate(runs)
    ]
    hurt = [run for run in runs if run.hurt]
    baseline = [run for run in runs if not run.hurt]
    p95 = median(run.p95 for run in hurt) / median(run.p95 for run in baseline)
    throughput = median(run.per_second for run in hurt) / median(run.per_second for run in baseline)
    rows.append(("hurt ÷ baseline (medians)", "", figure(p95, 2), figure(throughput, 3)))
    table = Table(
        "What the healthy nine tenths notice when one tenth of the receivers hang",
        ("", "p50, ms", "p95, ms", "deliveries/s"),
        tuple(rows),
        f"{load.per_second} events a second to {PORTS} integrations for {seconds:g} s, six runs in turn. The hanging "
        f"ones hold each request for {load.timeout_seconds:g} s, which would be {_wanted(load):.0f} requests at once "
        f"in a worker that does {load.max_in_flight}.",
    )
    return Result(
        {f"{'hurt' if run.hurt else 'baseline'} {index // 2 + 1}": run.account for index, run in enumerate(runs)},
        {
            "p95_ratio": finite(p95),
            "throughput_ratio": throughput,
            "runs": [{"hurt": run.hurt, "p95_ms": finite(run.p95), "per_second": run.per_second} for run in runs],
        },
        [table],
        {
            "isolation": functools.partial(
                draw_isolation, [(run.hurt, [(x.due_seconds, x.from_due_ms) for x in run.latencies]) for run in runs]
            )
        },
    )


def _wanted(load: _Load) -> float:
    return load.per_second / 10 * load.timeout_seconds
