"""Crashing workers at a chosen moment: one with many requests under way is ended by SIGKILL."""

from __future__ import annotations

import time
from collections.abc import Callable

from deploy.local.demo.core.evidence import Kill
from deploy.local.demo.not_shown import NotShown
from deploy.local.fleet import Fleet, Service
from shared.adapters.clock import now_ms

#: Requests that must be under way at the worker that is killed.
LEAST_IN_FLIGHT = 20
_GAUGE = "hookfleet_requests_in_flight"
_LIMIT_SECONDS = 30.0


def kill_a_busy_dispatcher(fleet: Fleet, watch: Callable[[list[int]], None]) -> Kill:
    """Wait until a dispatcher says that enough requests are under way at it, and kill that one.

    ``watch`` is told what each of them says. Raises NotShown.
    """
    deadline = time.monotonic() + _LIMIT_SECONDS
    busiest = 0
    while time.monotonic() < deadline:
        said = []
        for index in range(fleet.plan.dispatcher):
            asked_ms = now_ms()
            in_flight = int(fleet.gauge(Service.DISPATCHER, index, _GAUGE) or 0)
            if in_flight >= LEAST_IN_FLIGHT:
                fleet.kill(Service.DISPATCHER, index)
                return Kill(f"{Service.DISPATCHER}-{index}", in_flight, asked_ms, now_ms())
            said.append(in_flight)
        busiest = max(busiest, *said)
        watch(said)
        time.sleep(0.02)
    raise NotShown(
        f"no dispatcher had {LEAST_IN_FLIGHT} requests under way within {_LIMIT_SECONDS:.0f} s; the most was {busiest}"
    )
