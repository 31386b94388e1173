"""What does one delivery cost in CPU, by stage, and how far is that from the floor?

Match and send run in processes of their own and one after the other: the sender is held while the matcher works off
the backlog, so each is measured alone. Then one process does both, as most people will run it. The floor is measured
last, on the records that the fleet wrote.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.delivery.core.accounting import Account, account
from bench.delivery.core.cpu_times import CpuUsed, used
from bench.delivery.core.traffic import Traffic
from bench.delivery.drain import COMMIT_SECONDS, WARM_UP_EVENTS, Drain, drain, wait_for, warm_up
from bench.delivery.floor import measure_floor
from bench.delivery.held_backlog import HeldBacklog
from bench.delivery.measured_fleet import MeasuredFleet
from bench.delivery.measured_process import MeasuredProcess
from bench.delivery.plots.cost_picture import draw_cost
from bench.delivery.scenario import Result
from bench.delivery.scenarios.cost_tables import CostPoint, bars, by_thread, costs, figures, floor_steps
from bench.delivery.stand import PORTS, Stand
from bench.receiver import ReceiverProcess
from deploy.local.demo.screen import Phase

SCHEMES = ("http", "https")
#: Milliseconds: a sender that is held while the matcher works must not lose its partitions.
_SESSION_TIMEOUT = {"HOOKFLEET_SESSION_TIMEOUT_MS": "300000"}
#: CPU is read in ticks of 10 ms, so a cost takes more deliveries than a speed.
_LONGER = 2


@dataclass(frozen=True, slots=True)
class _Stages:
    match: CpuUsed
    send: CpuUsed
    connections: int
    account: Account


class Cost:
    """See the module."""

    name = "cost"
    takes_minutes = False

    def run(self, stand: Stand) -> Result:
        fleet, count = stand.shared_fleet(), stand.length.drained * _LONGER
        stages: dict[str, _Stages] = {}
        wholes: dict[str, Drain] = {}
        targets = {scheme: stand.healthy_targets(scheme) for scheme in SCHEMES}
        with fleet.workers(("match",), ("send", "delay"), settings=_SESSION_TIMEOUT) as workers:
            for scheme in SCHEMES:
                with stand.phase(f"cost: match and send apart, {scheme}") as phase:
                    receiver = stand.receiver(scheme)
                    warm_up(fleet, receiver, Traffic(f"warm-stages-{scheme}", targets[scheme], WARM_UP_EVENTS), workers)
                    traffic = Traffic(f"cost-stages-{scheme}", targets[scheme], count)
                    stages[scheme] = _apart(fleet, receiver, traffic, workers, phase)
        with fleet.workers(()) as workers:
            for scheme in SCHEMES:
                with stand.phase(f"cost: one process, {scheme}") as phase:
                    receiver = stand.receiver(scheme)
                    warm_up(fleet, receiver, Traffic(f"warm-whole-{scheme}", targets[scheme], WARM_UP_EVENTS), workers)
                    traffic = Traffic(f"cost-whole-{scheme}", targets[scheme], count)
                    wholes[scheme] = drain(fleet, receiver, traffic, workers, phase.progress)
                    phase.say(f"{wholes[scheme].used[0].per(count):.0f} µs a delivery")
        with stand.phase("cost: the floor") as phase:
            floor = measure_floor(
                fleet,
                stand.env,
                records=count,
                http_ports=stand.http.ports[:PORTS],
                https_ports=stand.https.ports,
                authority=stand.certificates.authority,
            )
            phase.say(f"{floor.total('http'):.0f} µs a delivery, {floor.total('https'):.0f} µs with TLS")
        points = {
            scheme: CostPoint(
                deliveries=count,
                match=stages[scheme].match,
                send=stages[scheme].send,
                whole=wholes[scheme].used[0],
                stages_connections=stages[scheme].connections,
                whole_connections=wholes[scheme].connections,
            )
            for scheme in SCHEMES
        }
        accounts = {f"stages, {scheme}": stages[scheme].account for scheme in SCHEMES}
        accounts |= {f"one process, {scheme}": wholes[scheme].account for scheme in SCHEMES}
        return Result(
            accounts,
            figures(points, floor),
            [costs(points, floor), by_thread(points), floor_steps(floor)],
            {"cost": functools.partial(draw_cost, bars(points, floor))},
        )


def _apart(
    fleet: MeasuredFleet,
    receiver: ReceiverProcess,
    traffic: Traffic,
    workers: Sequence[MeasuredProcess],
    phase: Phase,
) -> _Stages:
    """Each stage works off the backlog while the other has nothing to do."""
    matcher, sender = workers
    arrived_before, connected_before = receiver.count(), receiver.connections()
    counts, topics = fleet.counts, fleet.topics
    requested, ended = counts.count(topics.deliveries), counts.count(topics.integration_events)
    with HeldBacklog(fleet.settings, traffic.records(topics.system_events.name)) as backlog:
        with sender.held():
            begun = matcher.cpu_times()
            backlog.release()
            wait_for(lambda: counts.count(topics.deliveries) - requested, traffic.count, [matcher])
            time.sleep(COMMIT_SECONDS)
            match = used(begun, matcher.cpu_times())
            begun = sender.cpu_times()
        wait_for(
            lambda: counts.count(topics.integration_events) - ended,
            traffic.count,
            workers,
            lambda: phase.progress(receiver.count() - arrived_before, traffic.count),
        )
        time.sleep(COMMIT_SECONDS)
        send = used(begun, sender.cpu_times())
    arrived = (each.webhook_id for each in receiver.arrivals(arrived_before))
    phase.say(f"match {match.per(traffic.count):.0f} + send {send.per(traffic.count):.0f} µs a delivery")
    return _Stages(match, send, receiver.connections() - connected_before, account(traffic.run_ids().keys(), arrived))
