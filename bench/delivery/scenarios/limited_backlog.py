"""What do 100,000 runs that wait for one receiver of ten requests a second cost everybody else?

Runs that cannot be sent yet must wait somewhere. A fleet that takes each of them up and puts it back, again and again,
turns one slow customer into load for all. So every record that is produced for the limited integration is counted,
second by second, once its runs have been planned, while healthy receivers get their events as before.
"""

from __future__ import annotations

import functools
import time
from dataclasses import dataclass
from typing import Final

from bench.delivery.core.percentiles import finite
from bench.delivery.core.rate_windows import per_second
from bench.delivery.core.tables import Table, figure
from bench.delivery.core.traffic import ORGANIZATION, Traffic, targets
from bench.delivery.drain import WARM_UP_EVENTS, wait_for, warm_up
from bench.delivery.held_backlog import write
from bench.delivery.measured_fleet import MeasuredFleet
from bench.delivery.paced import pace
from bench.delivery.plots.backlog_picture import draw_backlog
from bench.delivery.scenario import Result
from bench.delivery.stand import PORTS, Stand
from shared.adapters.topic_reader import TopicReader
from shared.core.messages.integration_events import RUN_ERRORS
from shared.core.topics import integration_key

_RUNS: Final = 100_000
_LIMIT: Final = 10
_GOAL: Final = 200
_HEALTHY_A_SECOND: Final = 200
_LEAST_SECONDS: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Produced:
    """For the limited integration, in seconds since its runs were planned: ``times`` of records, and run failures."""

    times: list[float]
    failures: int


class LimitedBacklog:
    """See the module."""

    name = "backlog"
    takes_minutes = True

    def run(self, stand: Stand) -> Result:
        seconds = max(_LEAST_SECONDS, stand.length.seconds)
        receiver, limited_receiver = stand.http, stand.own_receiver("limited", 1)
        healthy = targets("healthy", receiver.urls[:PORTS])
        limited = targets("limited", limited_receiver.urls, {"rate_limit": {"per_second": _LIMIT, "burst": _LIMIT}})
        with stand.fleet("backlog.") as fleet:
            fleet.apply([*healthy, *limited])
            with fleet.workers(()) as workers:
                warm_up(fleet, receiver, Traffic("warm-backlog", healthy, WARM_UP_EVENTS), workers)

                def healthy_traffic(name: str) -> Traffic:
                    return Traffic(name, healthy, round(_HEALTHY_A_SECOND * seconds))

                with stand.phase("backlog: healthy receivers alone"):
                    alone = pace(fleet, stand.env, receiver, healthy_traffic("alone"), _HEALTHY_A_SECOND, workers)
                with stand.phase(f"backlog: plan {_RUNS:,} runs") as phase:
                    planned = fleet.counts.count(fleet.topics.deliveries)

                    def plan() -> int:
                        done = fleet.counts.count(fleet.topics.deliveries) - planned
                        phase.progress(done, _RUNS)
                        return done

                    traffic = Traffic("limited", limited, _RUNS)
                    write(fleet.settings, traffic.records(fleet.topics.system_events.name))
                    wait_for(plan, _RUNS, workers)
                with stand.phase("backlog: healthy receivers beside it") as phase:
                    began_ms = time.time_ns() // 1_000_000
                    before = limited_receiver.count()
                    beside = pace(fleet, stand.env, receiver, healthy_traffic("beside"), _HEALTHY_A_SECOND, workers)
                    ended_ms = time.time_ns() // 1_000_000
                    arrived = limited_receiver.count() - before
                for worker in workers:
                    worker.kill()  # it would drain, and what waits shall stay
            with stand.phase("backlog: count what was produced"):
                produced = _read(fleet, began_ms, ended_ms)
        counts = per_second(produced.times, 0.0, (ended_ms - began_ms) / 1000)
        p95 = [found.summary().p95 for found in (alone, beside)]
        rate = arrived / ((ended_ms - began_ms) / 1000)
        table = Table(
            f"{_RUNS:,} runs waiting for a receiver limited to {_LIMIT} a second",
            ("", ""),
            (
                ("records produced for it in a second, most", figure(max(counts), 0)),
                ("the same on average", figure(sum(counts) / len(counts), 1)),
                ("requests at the limited receiver, a second", figure(rate, 1)),
                ("runs of it that failed", figure(produced.failures, 0)),
                ("events that ingest did not accept", figure(sum(each.refused.total() for each in (alone, beside)), 0)),
                ("p95 of healthy receivers before, ms", figure(p95[0])),
                ("p95 of healthy receivers beside it, ms", figure(p95[1])),
            ),
            f"Over {(ended_ms - began_ms) / 1000:.0f} s once all runs were planned; {_HEALTHY_A_SECOND} events a "
            f"second to {PORTS} healthy receivers.",
        )
        broken = []
        if max(counts) >= _GOAL:
            broken.append(
                f"{max(counts):,} records were produced for it in one second, fewer than {_GOAL} are promised"
            )
        if produced.failures:
            broken.append(f"{produced.failures:,} runs failed because of the limit")
        return Result(
            {"healthy alone": alone.account, "healthy beside it": beside.account},
            {
                "records_per_second_most": max(counts),
                "records_per_second_mean": sum(counts) / len(counts),
                "requests_per_second": rate,
                "failed_runs": produced.failures,
                "healthy_p95_ms": {"alone": finite(p95[0]), "beside": finite(p95[1])},
            },
            [table],
            {
                "backlog": functools.partial(
                    draw_backlog,
                    counts,
                    _GOAL,
                    [[(x.due_seconds, x.from_due_ms) for x in found.latencies] for found in (alone, beside)],
                )
            },
            broken,
        )


def _read(fleet: MeasuredFleet, began_ms: int, ended_ms: int) -> _Produced:
    """Every record for the limited integration that was produced from one moment to another."""
    topics = fleet.topics
    key = integration_key(ORGANIZATION, "limited-0")
    named = b'"limited-0"'
    errors = [b'"' + each.encode() + b'"' for each in RUN_ERRORS]
    followed = (topics.deliveries_due, *topics.retry.values(), topics.run_log, topics.integration_events)
    reader = TopicReader(fleet.settings, [topic.name for topic in followed])
    reader.begin_at_time(began_ms)
    times, failures = [], 0
    for record in reader.unread():
        value, owner = record.value or b"", record.key or b""
        is_about_it = owner == key or owner.startswith(key + b"/") or named in value
        if not is_about_it or record.timestamp_ms > ended_ms:
            continue
        times.append((record.timestamp_ms - began_ms) / 1000)
        failures += record.topic == topics.integration_events.name and any(each in value for each in errors)
    reader.close()
    return _Produced(sorted(times), failures)
