"""The measurement most scenarios share: let a backlog go, wait until the last outcome is acknowledged, read the CPU."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bench.delivery.core.accounting import Account, account
from bench.delivery.core.cpu_times import CpuUsed, used
from bench.delivery.core.traffic import Traffic
from bench.delivery.held_backlog import HeldBacklog
from bench.delivery.measured_fleet import MeasuredFleet
from bench.delivery.measured_process import MeasuredProcess
from bench.receiver import Arrival, ReceiverProcess

#: Seconds without any progress after which what is missing counts as lost: a run may wait a minute in its retry tier.
PATIENCE_SECONDS = 75.0
#: Seconds after the last outcome in which its offset is committed.
COMMIT_SECONDS = 0.3
_CHECK_SECONDS = 0.05
#: Events that go before a measured backlog: connections are opened up to the number that work at once.
WARM_UP_EVENTS = 1_000

#: Told how many deliveries have arrived, of how many.
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Drain:
    """``used`` has an entry a process, as given; ``connections`` were opened meanwhile."""

    deliveries: int
    used: Sequence[CpuUsed]
    account: Account
    connections: int
    arrivals: Sequence[Arrival]
    released_ns: int

    @property
    def per_second(self) -> float:
        """Deliveries a second, from release to the last arrival."""
        last_ns = max((each.time_ns for each in self.arrivals), default=self.released_ns)
        return len(self.arrivals) / max((last_ns - self.released_ns) / 1e9, 1e-9)


def warm_up(
    fleet: MeasuredFleet, receiver: ReceiverProcess, traffic: Traffic, workers: Sequence[MeasuredProcess]
) -> None:
    """Work off a backlog that is not counted, so that what is measured next begins warm."""
    drain(fleet, receiver, traffic, workers)


def drain(
    fleet: MeasuredFleet,
    receiver: ReceiverProcess,
    traffic: Traffic,
    workers: Sequence[MeasuredProcess],
    progress: Progress = lambda done, total: None,
) -> Drain:
    """Work off ``traffic``, which goes to ``receiver`` alone and waits on ``system-events`` before it is let go."""
    expected = traffic.run_ids()
    arrived_before, connected_before = receiver.count(), receiver.connections()
    ended_before = fleet.counts.count(fleet.topics.integration_events)
    with HeldBacklog(fleet.settings, traffic.records(fleet.topics.system_events.name)) as backlog:
        before = [worker.cpu_times() for worker in workers]
        released_ns = time.time_ns()
        backlog.release()
    wait_for(
        lambda: fleet.counts.count(fleet.topics.integration_events) - ended_before,
        traffic.count,
        workers,
        lambda: progress(receiver.count() - arrived_before, traffic.count),
    )
    time.sleep(COMMIT_SECONDS)
    after = [worker.cpu_times() for worker in workers]
    arrivals = [each for each in receiver.arrivals(arrived_before) if each.webhook_id in expected]
    return Drain(
        deliveries=traffic.count,
        used=[used(*pair) for pair in zip(before, after, strict=True)],
        account=account(expected.keys(), (each.webhook_id for each in arrivals)),
        connections=receiver.connections() - connected_before,
        arrivals=arrivals,
        released_ns=released_ns,
    )


def wait_for(
    count: Callable[[], int],
    wanted: int,
    workers: Sequence[MeasuredProcess],
    look: Callable[[], None] = lambda: None,
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Return when ``count`` has reached ``wanted``, or has not moved for so long that it never will.

    Raises FleetFailed when a worker ends by itself.
    """
    last, since = -1, time.monotonic()
    while (now := count()) < wanted:
        for worker in workers:
            worker.check()
        if now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > patience_seconds:
            return
        look()
        time.sleep(_CHECK_SECONDS)
