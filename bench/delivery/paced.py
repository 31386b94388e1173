"""The other shared measurement: events at a fixed pace through ingest, and when each arrived at its receiver."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from bench.delivery.core.accounting import Account, account
from bench.delivery.core.cpu_times import CpuUsed, together, used
from bench.delivery.core.pace import ACCEPTED, Latency, latencies
from bench.delivery.core.percentiles import LatencySummary, summarise
from bench.delivery.core.traffic import Traffic
from bench.delivery.drain import COMMIT_SECONDS, wait_for
from bench.delivery.measured_fleet import MeasuredFleet
from bench.delivery.measured_process import MeasuredProcess
from bench.delivery.paced_sender import PacedSender
from bench.receiver import ReceiverProcess

_CHECK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Paced:
    """``refused`` events were not answered with 202 and are expected nowhere: how many, by status, 0 where there was no
    answer. CPU is that of ``events``."""

    events: int
    latencies: Sequence[Latency]
    account: Account
    refused: Counter[int]
    ingest: CpuUsed
    workers: CpuUsed

    def summary(self) -> LatencySummary:
        """From the moment each was due; what was accepted and never arrived included."""
        return summarise((each.from_due_ms for each in self.latencies), self.account.lost)


def pace(
    fleet: MeasuredFleet,
    env: Mapping[str, str],
    receiver: ReceiverProcess,
    traffic: Traffic,
    per_second: float,
    workers: Sequence[MeasuredProcess],
    look: Callable[[], None] = lambda: None,
    *,
    but: Set[str] = frozenset(),
) -> Paced:
    """Send ``traffic`` and return when all that goes to ``receiver`` has arrived: everything ``but`` the targets of
    those ids, which go elsewhere and count nowhere. ``look`` is called now and then meanwhile.

    Raises FleetFailed.
    """
    run_ids = {run: number for run, number in traffic.run_ids().items() if traffic.target(number).id not in but}
    arrived_before = receiver.count()
    before = [each.cpu_times() for each in (fleet.ingest, *workers)]
    sender = PacedSender(fleet.folder, env, fleet.ingest.port, fleet.api_key, traffic, per_second)
    try:
        while not sender.is_done():
            look()
            time.sleep(_CHECK_SECONDS)
        sent = sender.result()
    finally:
        sender.stop()
    accepted = {each.number for each in sent if each.status == ACCEPTED}
    expected = {run_id for run_id, number in run_ids.items() if number in accepted}
    wait_for(lambda: receiver.count() - arrived_before, len(expected), workers, look)
    time.sleep(COMMIT_SECONDS)
    ingest, *others = [used(was, each.cpu_times()) for was, each in zip(before, (fleet.ingest, *workers), strict=True)]
    arrived = [each for each in receiver.arrivals(arrived_before) if each.webhook_id in expected]
    first_ns: dict[int, int] = {}
    for each in sorted(arrived, key=lambda arrival: arrival.time_ns):
        first_ns.setdefault(run_ids[each.webhook_id], each.time_ns)
    return Paced(
        traffic.count,
        latencies(sent, first_ns),
        account(expected, (each.webhook_id for each in arrived)),
        Counter(each.status for each in sent if each.status != ACCEPTED),
        ingest,
        together(others),
    )
