"""What is measured: the points of the grid and what comes out at each."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

IN_FLIGHT = (50, 500)
HOSTS = (1, 100)


@dataclass(frozen=True, slots=True)
class Scenario:
    """``hosts`` are ports of the receiver; each request goes to the next one."""

    tls: bool
    hosts: int
    in_flight: int


@dataclass(frozen=True, slots=True)
class Figure:
    """One candidate in one scenario, over ``seconds`` of measuring.

    ``cpu_microseconds`` is user and system time of the process per request, None when no request ended. ``opened``
    counts connections from the very first request on, None where the kernel does not list them. ``bounded``: the
    candidate was too slow to be measured in the time it had; what is counted is what came before every worker had its
    first answer, connections included.
    """

    candidate: str
    scenario: Scenario
    seconds: float
    requests: int
    cpu_microseconds: float | None
    opened: int | None
    bounded: bool
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "per_second": round(self.per_second, 1)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Figure:
        """What `as_json` gave."""
        return cls(
            **{name: value for name, value in values.items() if name not in ("per_second", "scenario")},
            scenario=Scenario(**values["scenario"]),
        )


SCENARIOS = tuple(
    Scenario(tls, hosts, in_flight) for tls in (False, True) for hosts in HOSTS for in_flight in IN_FLIGHT
)
