"""What do 100,000 runs that wait for one receiver of ten requests a second cost everybody else?

Runs that cannot be sent yet must wait somewhere. A fleet that takes each of them up and puts it back, again and again,
turns one slow customer into load for all. So every record that is produced for the limited integration is counted, in
every second from the moment the events can be read: while its runs are planned and put off, and while all of them wait,
longer than the first tier of a minute takes to move on what came to it in a burst. Healthy receivers get their events
before, and again once all wait; in between, events stand in one queue before the matcher, whoever they are for.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import Final

from bench.delivery.core.percentiles import finite
from bench.delivery.core.rate_windows import per_second
from bench.delivery.core.tables import Table, figure
from bench.delivery.core.traffic import Target, Traffic, targets
from bench.delivery.drain import WARM_UP_EVENTS, wait_for, warm_up
from bench.delivery.held_backlog import HeldBacklog
from bench.delivery.measured_fleet import MeasuredFleet
from bench.delivery.measured_process import MeasuredProcess
from bench.delivery.paced import Paced, pace
from bench.delivery.plots.backlog_picture import Stretch, draw_backlog
from bench.delivery.produced_for_one import Produced, produced_for
from bench.delivery.scenario import Result
from bench.delivery.stand import PORTS, Stand
from bench.receiver import ReceiverProcess

_RUNS: Final = 100_000
_LIMIT: Final = 10
_GOAL: Final = 200
_HEALTHY_A_SECOND: Final = 200
#: Seconds at that pace before anything is measured: a fleet that has just started is slower.
_WARM_SECONDS: Final = 20.0
_ALONE_SECONDS: Final = 25.0
#: Seconds once all wait, at least: what was planned last leaves the tier of a minute within them.
_LEAST_SECONDS: Final = 75.0


@dataclass(frozen=True, slots=True)
class _Measured:
    """Times are milliseconds since 1970; ``arrived`` at the limited receiver once all its runs waited."""

    alone: Paced
    alone_ms: int
    released_ms: int
    all_wait_ms: int
    beside: Paced
    ended_ms: int
    arrived: int

    def seconds(self, moment_ms: int) -> float:
        """Since the backlog was released."""
        return (moment_ms - self.released_ms) / 1000


class LimitedBacklog:
    """See the module."""

    name = "backlog"
    takes_minutes = True

    def run(self, stand: Stand) -> Result:
        limited_receiver = stand.own_receiver("limited", 1)
        healthy = targets("healthy", stand.http.urls[:PORTS])
        limited = targets("limited", limited_receiver.urls, {"rate_limit": {"per_second": _LIMIT, "burst": _LIMIT}})
        with stand.fleet("backlog.") as fleet:
            fleet.apply([*healthy, *limited])
            with fleet.workers(()) as workers:
                measured = _measure(stand, fleet, workers, healthy, limited, limited_receiver)
                for worker in workers:
                    worker.kill()  # it would drain, and what waits shall stay
            with stand.phase("backlog: count what was produced"):
                produced = produced_for(fleet, limited[0].id, measured.released_ms, measured.ended_ms)
        return _result(measured, produced)


def _measure(
    stand: Stand,
    fleet: MeasuredFleet,
    workers: list[MeasuredProcess],
    healthy: list[Target],
    limited: list[Target],
    limited_receiver: ReceiverProcess,
) -> _Measured:
    def paced(name: str, seconds: float) -> Paced:
        traffic = Traffic(name, healthy, round(_HEALTHY_A_SECOND * seconds))
        return pace(fleet, stand.env, stand.http, traffic, _HEALTHY_A_SECOND, workers)

    with stand.phase("backlog: warm up"):
        warm_up(fleet, stand.http, Traffic("warm-backlog", healthy, WARM_UP_EVENTS), workers)
        paced("warm-paced", _WARM_SECONDS)
    with stand.phase("backlog: healthy receivers alone"):
        alone_ms = _now_ms()
        alone = paced("alone", _ALONE_SECONDS)
    with stand.phase(f"backlog: plan {_RUNS:,} runs") as phase:
        requests, before = fleet.topics.deliveries, fleet.counts.count(fleet.topics.deliveries)

        def planned() -> int:
            done = fleet.counts.count(requests) - before
            phase.progress(done, _RUNS)
            return done

        def sent_or_put_off() -> int:
            return _RUNS - fleet.counts.unfinished("send", requests)

        events = Traffic("limited", limited, _RUNS).records(fleet.topics.system_events.name)
        with HeldBacklog(fleet.settings, events) as backlog:
            released_ms = _now_ms()
            backlog.release()
        wait_for(planned, _RUNS, workers)
        phase.say("and wait until all are put off")
        wait_for(sent_or_put_off, _RUNS, workers)
        all_wait_ms = _now_ms()
    with stand.phase("backlog: healthy receivers beside it"):
        arrived = limited_receiver.count()
        beside = paced("beside", max(_LEAST_SECONDS, stand.length.seconds))
        ended_ms = _now_ms()
        arrived = limited_receiver.count() - arrived
    return _Measured(alone, alone_ms, released_ms, all_wait_ms, beside, ended_ms, arrived)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _result(measured: _Measured, produced: Produced) -> Result:
    alone, beside = measured.alone, measured.beside
    all_wait, ended = measured.seconds(measured.all_wait_ms), measured.seconds(measured.ended_ms)
    by_others = per_second(produced.by_others, 0.0, ended)
    by_matcher = per_second(produced.by_matcher, 0.0, ended)
    planning, waiting = by_others[: int(all_wait) + 1], by_others[int(all_wait) + 1 :]
    p95 = [found.summary().p95 for found in (alone, beside)]
    rate = measured.arrived / (ended - all_wait)
    table = Table(
        f"{_RUNS:,} runs waiting for a receiver limited to {_LIMIT} a second",
        ("", ""),
        (
            ("records produced for it in a second, most, while its runs are put off", figure(max(planning), 0)),
            ("the same once all wait, most", figure(max(waiting), 0)),
            ("the same once all wait, on average", figure(sum(waiting) / len(waiting), 1)),
            ("beside that, the matcher's requests and match records in a second, most", figure(max(by_matcher), 0)),
            ("seconds until all were put off", figure(all_wait)),
            ("requests at the limited receiver, a second", figure(rate, 1)),
            ("runs of it that failed", figure(produced.failures, 0)),
            ("events that ingest did not accept", figure(sum(each.refused.total() for each in (alone, beside)), 0)),
            ("p95 of healthy receivers before, ms", figure(p95[0])),
            ("p95 of healthy receivers beside it, ms", figure(p95[1])),
        ),
        f"Every whole second of {ended:.0f} s from the moment at which the events could be read, by anybody. "
        f"{_HEALTHY_A_SECOND} events a second to {PORTS} healthy receivers, {_ALONE_SECONDS:.0f} s before (after "
        f"{_WARM_SECONDS:.0f} s to warm up) and {ended - all_wait:.0f} s once all waited.",
    )
    broken = []
    if max(by_others) >= _GOAL:
        broken.append(f"{max(by_others):,} records were produced for it in one second, fewer than {_GOAL} are promised")
    if produced.failures:
        broken.append(f"{produced.failures:,} runs failed because of the limit")
    return Result(
        {"healthy alone": alone.account, "healthy beside it": beside.account},
        {
            "records_per_second_most": {"planning": max(planning), "waiting": max(waiting)},
            "records_per_second_mean": sum(waiting) / len(waiting),
            "matcher_records_per_second_most": max(by_matcher),
            "planning_seconds": all_wait,
            "requests_per_second": rate,
            "failed_runs": produced.failures,
            "healthy_p95_ms": {"alone": finite(p95[0]), "beside": finite(p95[1])},
        },
        [table],
        {
            "backlog": functools.partial(
                draw_backlog,
                by_others,
                by_matcher,
                _GOAL,
                all_wait,
                _stretch(alone, measured.seconds(measured.alone_ms)),
                _stretch(beside, all_wait),
            )
        },
        broken,
    )


def _stretch(found: Paced, began: float) -> Stretch:
    return Stretch(began, [(each.due_seconds, each.from_due_ms) for each in found.latencies])
