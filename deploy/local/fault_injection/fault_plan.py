"""Which faults happen when: drawn from a seed, so that a trial that failed can be repeated; or, what is no fault but
must look like none to everybody, each process replaced in turn.

Faults come in rounds. A round holds every fault once or several times, in random order and at random distances, so that
even the shortest trial kills every service and the broker; a long trial is many rounds, each in another order.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from deploy.local.fleet import FleetPlan, Part, Service

#: Seconds of one round. Shorter, and most faults would hit a fleet that still recovers from the last one.
ROUND_SECONDS = 60.0
#: Seconds a killed process stays away: at most, and how often (one in so many) longer than the session timeout.
_SHORT_ABSENCE_SECONDS = 3.0
_LONG_ABSENCE_ONE_IN = 3


class Action(StrEnum):
    """What is done to the fleet."""

    KILL = "kill"
    """SIGKILL a process, and start it again after a while."""
    REMOVE = "remove"
    """SIGTERM a dispatcher, which leaves in order, and add it again after a while."""
    REPLACE = "replace"
    """SIGTERM a process, start it anew as soon as it has ended, and do nothing else until the whole fleet is ready: a
    rolling restart."""
    CRASH_BROKER = "crash broker"
    """SIGKILL Kafka and start it on the same data and port."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, ``at`` seconds after the first event. ``part`` is None for the broker."""

    at: float
    action: Action
    part: Part | None = None
    absent_seconds: float = 0.0

    @property
    def words(self) -> str:
        """What is done, without which one of several and for how long."""
        return self.action.value if self.part is None else f"{self.action} {self.part.service}"

    def __str__(self) -> str:
        away = f", away {self.absent_seconds:.1f} s" if self.absent_seconds else ""
        return f"{self.action}{'' if self.part is None else f' {self.part}'}{away}"


_ROUND: tuple[tuple[Action, Service | None], ...] = (
    (Action.KILL, Service.DISPATCHER),
    (Action.KILL, Service.DISPATCHER),
    (Action.KILL, Service.DISPATCHER),
    (Action.KILL, Service.DISABLER),
    (Action.KILL, Service.DISABLER),
    (Action.KILL, Service.INGEST),
    (Action.KILL, Service.EVENT_RECORDER),
    (Action.REMOVE, Service.DISPATCHER),
    (Action.CRASH_BROKER, None),
)


def draw_faults(chance: random.Random, plan: FleetPlan, rounds: int) -> Sequence[Fault]:
    """Faults of ``rounds`` rounds, in order of time."""
    faults: list[Fault] = []
    for number in range(rounds):
        times = _times(chance, number * ROUND_SECONDS)
        actions = chance.sample(_ROUND, len(_ROUND))
        faults += [_fault(chance, plan, at, *action) for at, action in zip(times, actions, strict=True)]
    return faults


def rolling_restarts(plan: FleetPlan, rounds: int) -> Sequence[Fault]:
    """Every process of every service replaced in turn, ``rounds`` times over, in the order in which the operations
    guide upgrades them: who reads a topic before who writes it."""
    order = (Service.EVENT_RECORDER, Service.DISABLER, Service.DISPATCHER, Service.INGEST)
    turn = [part for service in order for part in plan.parts() if part.service is service]
    return [Fault(0.0, Action.REPLACE, part) for _ in range(rounds) for part in turn]


def _times(chance: random.Random, begin: float) -> list[float]:
    """One moment in each of as many equal parts of a round as it has faults."""
    part = ROUND_SECONDS / len(_ROUND)
    return [begin + part * (index + chance.random()) for index in range(len(_ROUND))]


def _fault(chance: random.Random, plan: FleetPlan, at: float, action: Action, service: Service | None) -> Fault:
    if service is None:
        return Fault(at, action)
    part = chance.choice([each for each in plan.parts() if each.service is service])
    absent = chance.uniform(0.0, _SHORT_ABSENCE_SECONDS)
    if chance.randrange(_LONG_ABSENCE_ONE_IN) == 0:
        absent += plan.session_timeout_ms / 1000
    return Fault(at, action, part, absent)
