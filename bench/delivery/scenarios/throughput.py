"""How many deliveries a second does one worker make, to one port and to many, with TLS and without?

A backlog is worked off as fast as it goes, by one dispatcher with every role. Broker and receivers share the machine,
so this is what one machine does, not what a core does; that is the cost's to say.
"""

from __future__ import annotations

import functools

from bench.delivery.core.tables import Table, figure
from bench.delivery.core.traffic import Traffic
from bench.delivery.drain import WARM_UP_EVENTS, Drain, drain, warm_up
from bench.delivery.plots.bars_picture import draw_bars
from bench.delivery.scenario import Result
from bench.delivery.stand import MANY_PORTS, PORTS, Stand

#: (scheme, distinct ports).
_POINTS = (("http", 1), ("http", PORTS), ("http", MANY_PORTS), ("https", PORTS))


class Throughput:
    """See the module."""

    name = "throughput"
    takes_minutes = False

    def run(self, stand: Stand) -> Result:
        fleet = stand.shared_fleet()
        drains: dict[str, Drain] = {}
        targets = {point: stand.healthy_targets(*point) for point in _POINTS}
        with fleet.workers(()) as workers:
            for scheme, ports in _POINTS:
                point = f"{scheme}, {ports} port{'s' if ports > 1 else ''}"
                name = f"{scheme}-{ports}"
                with stand.phase(f"throughput: {point}") as phase:
                    receiver = stand.receiver(scheme)
                    chosen = targets[scheme, ports]
                    warm_up(fleet, receiver, Traffic(f"warm-throughput-{name}", chosen, WARM_UP_EVENTS), workers)
                    traffic = Traffic(f"throughput-{name}", chosen, stand.length.drained)
                    drains[point] = drain(fleet, receiver, traffic, workers, phase.progress)
                    phase.say(f"{drains[point].per_second:,.0f} deliveries a second")
        rows = [
            (
                point,
                figure(drained.per_second, 0),
                figure(drained.used[0].per(drained.deliveries), 0),
                figure(drained.connections, 0),
            )
            for point, drained in drains.items()
        ]
        table = Table(
            "Deliveries a second by one worker",
            ("", "deliveries/s", "CPU of the worker, µs a delivery", "connections opened"),
            tuple(rows),
            f"From the release of a backlog of {stand.length.drained:,} events to the last arrival.",
        )
        speeds = {point: drained.per_second for point, drained in drains.items()}
        return Result(
            {point: drained.account for point, drained in drains.items()},
            {
                point: {"per_second": drained.per_second, "cpu_us": drained.used[0].per(drained.deliveries)}
                for point, drained in drains.items()
            },
            [table],
            {
                "throughput": functools.partial(
                    draw_bars, "One worker with a backlog, everything on one machine", "deliveries a second", speeds
                )
            },
        )
