"""How long from an event to its request at the receiver, at 200 and at 1,000 events a second?

Events come one by one through ingest from an open-loop sender; a latency counts from the moment at which the event was
due, ingest included, and once more from the moment at which the sender had its 202.
"""

from __future__ import annotations

import functools

from bench.delivery.core.percentiles import LatencySummary, finite, summarise
from bench.delivery.core.tables import Table, figure
from bench.delivery.core.traffic import Traffic
from bench.delivery.drain import WARM_UP_EVENTS, warm_up
from bench.delivery.paced import Paced, pace
from bench.delivery.plots.latency_picture import draw_latency
from bench.delivery.scenario import Result
from bench.delivery.stand import Stand

_RATES = (200, 1_000)
#: Seconds at which the pace is held before it is measured: what a fresh process does first is slow.
_EASE_SECONDS = 5.0


class Latencies:
    """See the module."""

    name = "latency"
    takes_minutes = False

    def run(self, stand: Stand) -> Result:
        fleet = stand.shared_fleet()
        schemes = ("http", "https") if stand.length.is_long else ("http",)
        found: dict[str, Paced] = {}
        targets = {scheme: stand.healthy_targets(scheme) for scheme in schemes}
        with fleet.workers(()) as workers:
            for scheme in schemes:
                receiver = stand.receiver(scheme)
                warm_up(fleet, receiver, Traffic(f"warm-latency-{scheme}", targets[scheme], WARM_UP_EVENTS), workers)
                for rate in _RATES:
                    with stand.phase(f"latency: {rate:,} events a second, {scheme}") as phase:
                        name = f"latency-{scheme}-{rate}"
                        ease = Traffic(f"{name}-ease", targets[scheme], round(rate * _EASE_SECONDS))
                        pace(fleet, stand.env, receiver, ease, rate, workers)
                        traffic = Traffic(name, targets[scheme], round(rate * stand.length.seconds))
                        point = f"{rate:,}/s, {scheme}"
                        found[point] = pace(fleet, stand.env, receiver, traffic, rate, workers)
                        phase.say(f"p95 {figure(found[point].summary().p95)} ms")
        from_due = {point: [each.from_due_ms for each in paced.latencies] for point, paced in found.items()}
        from_accepted = {point: [each.from_accepted_ms for each in paced.latencies] for point, paced in found.items()}
        summaries = {
            point: (
                paced.summary(),
                summarise(from_accepted[point], paced.account.lost),
            )
            for point, paced in found.items()
        }
        rows = []
        for point, paced in found.items():
            rows.append((f"{point}, from due", *_cells(summaries[point][0]), *_costs(paced)))
            rows.append((f"{point}, from 202", *_cells(summaries[point][1]), "", "", ""))
        table = Table(
            "Event to request at the receiver, in milliseconds",
            ("", "events", "p50", "p95", "p99", "max", "refused", "CPU of ingest, µs", "CPU of the worker, µs"),
            tuple(rows),
            f"{stand.length.seconds:g} s a point. From due: since the moment at which an open-loop sender was to send "
            "the event, its way through ingest included. From 202: since the sender had its answer.",
        )
        return Result(
            {point: paced.account for point, paced in found.items()},
            {
                point: {
                    "from_due_ms": _document(summaries[point][0]),
                    "from_202_ms": _document(summaries[point][1]),
                    "refused": dict(found[point].refused),
                    "ingest_cpu_us": found[point].ingest.per(found[point].events),
                    "worker_cpu_us": found[point].workers.per(found[point].events),
                }
                for point in found
            },
            [table],
            {"latency": functools.partial(draw_latency, from_accepted, from_due)},
        )


def _cells(summary: LatencySummary) -> tuple[str, ...]:
    return (figure(summary.count, 0), *map(figure, (summary.p50, summary.p95, summary.p99, summary.maximum)))


def _costs(paced: Paced) -> tuple[str, ...]:
    refused = ", ".join(f"{count:,} ({status})" for status, count in sorted(paced.refused.items()))
    return (refused or "0", *(figure(each.per(paced.events), 0) for each in (paced.ingest, paced.workers)))


def _document(summary: LatencySummary) -> dict[str, float | None]:
    measured = {"p50": summary.p50, "p95": summary.p95, "p99": summary.p99, "max": summary.maximum}
    return {name: finite(value) for name, value in measured.items()}
