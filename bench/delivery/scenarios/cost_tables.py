"""What the cost scenario found, as tables, figures and bars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bench.delivery.core.cpu_times import CpuUsed
from bench.delivery.core.floor_parts import floor_shares
from bench.delivery.core.tables import Table, figure
from bench.delivery.core.thread_shares import shares
from bench.delivery.floor import Floor
from bench.delivery.plots.cost_picture import Bar
from bench.delivery.stand import PORTS


@dataclass(frozen=True, slots=True)
class CostPoint:
    """CPU of ``deliveries`` over one scheme: by stage in processes of their own, and of one process that does all.

    Beside it the connections that were opened meanwhile, which with TLS are a good part of the cost.
    """

    deliveries: int
    match: CpuUsed
    send: CpuUsed
    whole: CpuUsed
    stages_connections: int
    whole_connections: int

    @property
    def stages(self) -> float:
        """Microseconds a delivery, match + send."""
        return self.match.per(self.deliveries) + self.send.per(self.deliveries)


def figures(points: Mapping[str, CostPoint], floor: Floor) -> dict[str, Any]:
    """For machines."""
    return {
        scheme: {
            "deliveries": point.deliveries,
            "match_us": point.match.per(point.deliveries),
            "send_us": point.send.per(point.deliveries),
            "one_process_us": point.whole.per(point.deliveries),
            "floor_us": floor.total(scheme),
            "connections_opened": {"stages": point.stages_connections, "one_process": point.whole_connections},
            "match_threads_us": shares(point.match, point.deliveries),
            "send_threads_us": shares(point.send, point.deliveries),
            "one_process_threads_us": shares(point.whole, point.deliveries),
            "floor_parts_us": {part.name: part.per_delivery for part in floor.parts(scheme)},
        }
        for scheme, point in points.items()
    }


def costs(points: Mapping[str, CostPoint], floor: Floor) -> Table:
    """The main table: stages, their sum, one process, the floor, and what they are of it."""
    rows = []
    for scheme, point in points.items():
        whole, least = point.whole.per(point.deliveries), floor.total(scheme)
        match, send = point.match.per(point.deliveries), point.send.per(point.deliveries)
        rows.append(
            (
                scheme,
                *(figure(each, 0) for each in (match, send, point.stages, whole, least)),
                *(figure(each / least, 2) for each in (point.stages, whole)),
                f"{point.stages_connections:,} / {point.whole_connections:,}",
            )
        )
    return Table(
        "CPU of one delivery, in microseconds",
        (
            "",
            "match",
            "send",
            "match + send",
            "one process",
            "floor",
            "match + send ÷ floor",
            "one process ÷ floor",
            "connections opened, apart / one process",
        ),
        tuple(rows),
        f"User and system time of the processes, {next(iter(points.values())).deliveries:,} deliveries of 1 KB to "
        f"{PORTS} ports, after a warm-up. Match and send were measured one after the other, the one process under both "
        "at once.",
    )


def by_thread(points: Mapping[str, CostPoint]) -> Table:
    """Where in a process the time goes."""
    columns = {
        f"{name}, {scheme}": shares(used_by, point.deliveries)
        for scheme, point in points.items()
        for name, used_by in (("match", point.match), ("send", point.send), ("one process", point.whole))
    }
    stages = list(dict.fromkeys(stage for column in columns.values() for stage in column))
    rows = tuple(
        (stage, *(figure(column.get(stage), 0) for column in columns.values()))
        for stage in sorted(stages, key=lambda stage: -max(column.get(stage, 0.0) for column in columns.values()))
    )
    return Table("The same by thread, in microseconds a delivery", ("", *columns), rows)


def floor_steps(floor: Floor) -> Table:
    """What the floor consists of."""
    rows = [(part.name, figure(part.per_delivery)) for part in floor.steps]
    rows += [(f"post over {scheme}", figure(post.per_delivery)) for scheme, post in floor.posts.items()]
    rows += [(f"sum over {scheme}", figure(floor.total(scheme))) for scheme in floor.posts]
    return Table(
        "The floor, in microseconds a delivery",
        ("", "µs"),
        tuple(rows),
        "Bare loops over the same libraries on the records that the fleet had written, CPU of a process of their own.",
    )


def bars(points: Mapping[str, CostPoint], floor: Floor) -> list[Bar]:
    """The same for the picture."""
    drawn = []
    for scheme, point in points.items():
        apart = {**shares(point.match, point.deliveries)}
        for stage, share in shares(point.send, point.deliveries).items():
            apart[stage] = apart.get(stage, 0.0) + share
        drawn += [
            Bar(f"floor, {scheme}", floor_shares(floor.parts(scheme))),
            Bar(f"match + send, {scheme}", apart),
            Bar(f"one process, {scheme}", shares(point.whole, point.deliveries)),
        ]
    return drawn
