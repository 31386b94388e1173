"""Does a rate limit hold at the receiver, with three workers and one of them leaving in the middle?

A limit is kept by whichever worker holds the integration's partition. When that changes hands, what the old one has let
through must not be let through again by the new one. So the receiver's own stamps are counted, over every minute there
is: at most what the limit gives in a minute, and one burst.
"""

from __future__ import annotations

import functools
import time
from typing import Final

from bench.delivery.core.accounting import account
from bench.delivery.core.rate_windows import fullest_window
from bench.delivery.core.tables import Table, figure
from bench.delivery.core.traffic import Traffic, targets
from bench.delivery.drain import wait_for
from bench.delivery.held_backlog import write
from bench.delivery.plots.rate_picture import draw_rate
from bench.delivery.scenario import Result
from bench.delivery.stand import Stand

_PER_SECOND: Final = 20
_BURST: Final = 20
_WINDOW_SECONDS: Final = 60
_WORKERS: Final = 3
#: Seconds of work at the limit: more than a window, so that there are windows before, over and after the rebalance.
_LEAST_SECONDS: Final = 70
#: Deferred runs may come back from a tier of five minutes, so silence means less here.
_PATIENCE_SECONDS: Final = 330.0


class RateLimit:
    """See the module."""

    name = "rate-limit"
    takes_minutes = True

    def run(self, stand: Stand) -> Result:
        seconds = max(_LEAST_SECONDS, stand.length.seconds)
        count = round(seconds * _PER_SECOND)
        receiver = stand.http
        limited = targets("limited", receiver.urls[:1], {"rate_limit": {"per_second": _PER_SECOND, "burst": _BURST}})
        traffic = Traffic("rate-limit", limited, count)
        expected = traffic.run_ids()
        with stand.fleet("limits.") as fleet:
            fleet.apply(limited)
            roles: list[tuple[str, ...]] = [()] * _WORKERS
            with (
                fleet.workers(*roles) as workers,
                stand.phase(f"rate limit: {count:,} runs at {_PER_SECOND}/s") as phase,
            ):
                before = receiver.count()
                write(fleet.settings, traffic.records(fleet.topics.system_events.name))
                began_ns = time.time_ns()

                def arrived() -> int:
                    done = receiver.count() - before
                    phase.progress(done, count)
                    return done

                wait_for(arrived, count // 2, workers, patience_seconds=_PATIENCE_SECONDS)
                # The one that works most holds the integration's partition.
                owner = max(range(_WORKERS), key=lambda index: workers[index].cpu_times().seconds)
                left_seconds = (time.time_ns() - began_ns) / 1e9
                workers[owner].stop()
                rest = [worker for index, worker in enumerate(workers) if index != owner]
                wait_for(arrived, count, rest, patience_seconds=_PATIENCE_SECONDS)
                found = [each for each in receiver.arrivals(before) if each.webhook_id in expected]
                phase.say(f"{len(found):,} arrived")
        times = sorted((each.time_ns - began_ns) / 1e9 for each in found)
        most, allowed = fullest_window(times, _WINDOW_SECONDS), _PER_SECOND * _WINDOW_SECONDS + _BURST
        mean = (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else 0.0
        table = Table(
            f"A limit of {_PER_SECOND} a second with a burst of {_BURST}, {_WORKERS} workers, one leaving",
            ("", "requests"),
            (
                (f"most in any {_WINDOW_SECONDS} s", figure(most, 0)),
                ("allowed", figure(allowed, 0)),
                ("a second on average", figure(mean, 1)),
            ),
            f"The worker that held the integration was stopped after {left_seconds:.0f} s. Counted by the receiver.",
        )
        broken = [f"{most:,} requests in {_WINDOW_SECONDS} s, {allowed:,} are allowed"] if most > allowed else []
        return Result(
            {"limited": account(expected.keys(), (each.webhook_id for each in found))},
            {"most_in_60_s": most, "allowed": allowed, "per_second": mean, "rebalance_at_seconds": left_seconds},
            [table],
            {"rate-limit": functools.partial(draw_rate, times, _WINDOW_SECONDS, allowed, left_seconds)},
            broken,
        )
