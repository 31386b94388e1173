"""Starts the floor's process and reads what it found."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.delivery.core.floor_parts import FloorPart
from bench.delivery.core.floor_parts import floor as total
from bench.delivery.measured_fleet import MeasuredFleet
from deploy.local.fleet import FleetFailed
from deploy.local.fleet.cluster_topics import drop_topics, make_topics
from deploy.local.fleet.python_child import last_lines, start_module

_SCRATCH_PREFIX = "floor."


@dataclass(frozen=True, slots=True)
class Floor:
    """``posts`` by scheme, one step each."""

    steps: Sequence[FloorPart]
    posts: Mapping[str, FloorPart]

    def parts(self, scheme: str) -> list[FloorPart]:
        """Every step of a delivery over ``http`` or ``https``."""
        return [*self.steps, self.posts[scheme]]

    def total(self, scheme: str) -> float:
        """Microseconds of CPU a delivery."""
        return total(self.parts(scheme))


def measure_floor(
    fleet: MeasuredFleet,
    env: Mapping[str, str],
    *,
    records: int,
    http_ports: Sequence[int],
    https_ports: Sequence[int],
    authority: Path,
) -> Floor:
    """Run the bare loops ``records`` times on what ``fleet`` has written. Raises FleetFailed."""
    scratch = fleet.settings.model_copy(update={"topic_prefix": _SCRATCH_PREFIX})
    output = fleet.folder / "floor.json"
    make_topics(scratch)
    try:
        process = start_module(
            "bench.delivery.floor",
            *("--bootstrap", fleet.settings.kafka_bootstrap_servers),
            *("--partitions", str(fleet.settings.partitions)),
            *("--prefix", fleet.settings.topic_prefix),
            *("--scratch-prefix", _SCRATCH_PREFIX),
            *("--records", str(records)),
            *("--http-ports", ",".join(map(str, http_ports))),
            *("--https-ports", ",".join(map(str, https_ports))),
            *("--authority", str(authority)),
            env=env,
            output=output,
        )
        if process.wait() != 0:
            raise FleetFailed(f"the floor could not be measured.{last_lines(output)}")
    finally:
        drop_topics(scratch)
    found = json.loads(output.read_text())
    steps = [FloorPart(*each) for each in found["steps"]]
    return Floor(steps, {scheme: FloorPart("post", cost, 1) for scheme, cost in found["post"].items()})
