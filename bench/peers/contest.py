"""What every contender can do, and the round that is the same for all of them.

A round has two halves. In the first the events are made ready and nothing is measured: a backlog is written to the
topic while its reader is paused, or the requests are encoded. Then the clock starts and the contender is let go, until
every event has arrived or nothing has come for a while. CPU is read once more a little later, because what a contender
writes down about its last deliveries belongs to them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Protocol

from bench.peers.core.figures import Contender, Round
from bench.peers.core.process_stat import microseconds_per_delivery
from bench.peers.core.tally import deliveries_per_second, tally
from bench.peers.process_cpu import cpu_seconds
from bench.peers.unavailable import Unavailable
from bench.receiver import ReceiverProcess

#: Seconds without an arrival after which what is missing counts as lost. Convoy looks for due work every five seconds.
STALL_SECONDS = 20.0
#: Seconds from the last arrival to the last look at the CPU.
SETTLE_SECONDS = 2.0
_LOOK_SECONDS = 0.05


class Running(Protocol):
    """A contender whose processes run."""

    @property
    def contender(self) -> Contender: ...

    @property
    def processes(self) -> Mapping[str, int]:
        """The first process of each part, by the part's name."""
        ...

    def make_ready(self, numbers: range) -> None:
        """Everything that is not to be measured."""
        ...

    def let_go(self) -> None:
        """Begin what was made ready; returns when all of it is handed over."""
        ...


def warm_up(running: Running, receiver: ReceiverProcess, numbers: range) -> None:
    """Deliver ``numbers`` unmeasured. Raises Unavailable when one of them does not arrive."""
    began = receiver.count()
    running.make_ready(numbers)
    running.let_go()
    _await_arrivals(receiver, began + len(numbers))
    missing = tally(numbers, receiver.arrivals(began)).lost
    if missing:
        raise Unavailable(f"{missing} of {len(numbers)} events to warm up with did not arrive")
    time.sleep(SETTLE_SECONDS)


def measured_round(running: Running, receiver: ReceiverProcess, numbers: range) -> Round:
    """Deliver ``numbers`` and say what it took. Raises Unavailable when nothing arrived at all."""
    running.make_ready(numbers)
    arrived_before = receiver.count()
    cpu_before = cpu_seconds(running.processes)
    began_ns = time.time_ns()
    running.let_go()
    _await_arrivals(receiver, arrived_before + len(numbers))
    time.sleep(SETTLE_SECONDS)
    cpu_after = cpu_seconds(running.processes)
    counted = tally(numbers, receiver.arrivals(arrived_before))
    if not counted.distinct:
        raise Unavailable(f"none of {len(numbers)} events arrived")
    return Round(
        microseconds_per_delivery(cpu_before, cpu_after, counted.distinct),
        deliveries_per_second(counted, began_ns),
        counted,
    )


def _await_arrivals(receiver: ReceiverProcess, wanted: int) -> None:
    """Until ``wanted`` requests have arrived in all, or none in `STALL_SECONDS`."""
    seen = receiver.count()
    deadline = time.monotonic() + STALL_SECONDS
    while seen < wanted and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)
        now = receiver.count()
        if now != seen:
            seen, deadline = now, time.monotonic() + STALL_SECONDS
