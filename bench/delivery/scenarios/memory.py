"""Does a worker's memory stay where it is while a backlog drains, and while it cannot?

Once every receiver answers, once none does. What waits must wait on the broker: a worker that takes it in grows with
the backlog, until it is killed for it.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.delivery.core.accounting import Account, account
from bench.delivery.core.tables import Table, figure
from bench.delivery.core.traffic import Traffic, targets
from bench.delivery.drain import wait_for
from bench.delivery.held_backlog import write
from bench.delivery.measured_fleet import MeasuredFleet
from bench.delivery.plots.memory_picture import draw_memory
from bench.delivery.scenario import Result
from bench.delivery.stand import PORTS, Stand
from deploy.local.demo.screen import Phase
from shared.core.topics import Topic

_HANGING = 20
#: Longer than the watch, so that hanging requests end by nothing but its end.
_TIMEOUT_SECONDS = 120.0
#: Seconds of watching after everything is matched and nothing can be sent.
_STUCK_SECONDS = 5.0
_SAMPLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Watched:
    """``samples``: seconds since the worker was ready, MiB, runs that have not ended."""

    samples: Sequence[tuple[float, float, int]]

    @property
    def begin(self) -> float:
        """MiB of the idle, ready worker."""
        return self.samples[0][1]

    @property
    def most(self) -> float:
        return max(each[1] for each in self.samples)

    @property
    def end(self) -> float:
        return self.samples[-1][1]


class Memory:
    """See the module."""

    name = "memory"
    takes_minutes = False

    def run(self, stand: Stand) -> Result:
        count = stand.length.watched
        hanging = stand.own_receiver("hanging-memory", _HANGING, hangs=True)
        found: dict[str, Watched] = {}
        accounts: dict[str, Account] = {}
        with stand.fleet("memory.") as fleet:
            healthy = targets("healthy", stand.http.urls[:PORTS])
            stuck = targets("stuck", hanging.urls, {"timeout_seconds": _TIMEOUT_SECONDS})
            fleet.apply([*healthy, *stuck])
            with stand.phase(f"memory: {count:,} events that drain") as phase:
                traffic = Traffic("memory-drains", healthy, count)
                before = stand.http.count()
                found["drains"] = _watch(fleet, traffic, phase, fleet.topics.integration_events, 0.0)
                arrived = (each.webhook_id for each in stand.http.arrivals(before))
                accounts["drains"] = account(traffic.run_ids().keys(), arrived)
            with stand.phase(f"memory: {count:,} events that cannot drain") as phase:
                traffic = Traffic("memory-stuck", stuck, count)
                beyond = _STUCK_SECONDS + stand.length.seconds
                found["cannot drain"] = _watch(fleet, traffic, phase, fleet.topics.deliveries, beyond)
        rows = [
            (name, *(figure(each, 0) for each in (watched.begin, watched.most, watched.end)))
            for name, watched in found.items()
        ]
        table = Table(
            f"Memory of one worker under a backlog of {count:,} events, in MiB",
            ("", "before", "most", "at the end"),
            tuple(rows),
            "Resident memory of the process, shared libraries included, read five times a second.",
        )
        return Result(
            accounts,
            {name: {"begin": each.begin, "most": each.most, "end": each.end} for name, each in found.items()},
            [table],
            {"memory": functools.partial(draw_memory, {name: each.samples for name, each in found.items()})},
        )


def _watch(fleet: MeasuredFleet, traffic: Traffic, phase: Phase, until: Topic, beyond_seconds: float) -> Watched:
    """Let a fresh worker at ``traffic``; watch it until all of it stands on ``until``, and ``beyond_seconds`` more."""
    samples: list[tuple[float, float, int]] = []
    ended, written = fleet.topics.integration_events, fleet.counts.count(until)
    ended_before = fleet.counts.count(ended)
    with fleet.workers((), settings={"HOOKFLEET_DRAIN_SECONDS": "1"}) as workers:
        began = time.monotonic()

        def look() -> None:
            seconds = time.monotonic() - began
            if samples and seconds - samples[-1][0] < _SAMPLE_SECONDS:
                return
            waiting = traffic.count - (fleet.counts.count(ended) - ended_before)
            samples.append((seconds, workers[0].resident_mib(), waiting))
            phase.progress(traffic.count - waiting, traffic.count)

        look()
        write(fleet.settings, traffic.records(fleet.topics.system_events.name), look)
        wait_for(lambda: fleet.counts.count(until) - written, traffic.count, workers, look)
        end = time.monotonic() + beyond_seconds
        while time.monotonic() < end:
            look()
            time.sleep(_SAMPLE_SECONDS)
        time.sleep(_SAMPLE_SECONDS)
        look()
    phase.say(f"{samples[0][1]:.0f} MiB before, {max(each[1] for each in samples):.0f} at most")
    return Watched(samples)
