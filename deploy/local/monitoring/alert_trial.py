"""Breaking a fleet and watching: which alerts fire, how soon, and how soon they are gone when it is mended.

What is expected is written down beforehand: each break names the alerts that must fire for it. Others may fire too, for
a fleet without a broker is late with everything; but when all is mended none may be left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from deploy.local.monitoring.breakable_fleet import BreakableFleet

_LOOK_SECONDS: Final = 0.25
#: Seconds within which what is expected must come, where a minute counts as a second: some fifteen are usual.
LIMIT_SECONDS: Final = 60.0

_Act = Callable[[BreakableFleet], None]


class NotSeen(Exception):
    """An alert did not fire, or did not clear, in time."""


@dataclass(frozen=True, slots=True)
class Break:
    """Something that breaks, the alerts that must fire for it, and how it is mended, if not by time."""

    what: str
    alerts: frozenset[str]
    begin: _Act
    mend: _Act | None


BREAKS: Final = (
    Break(
        "a receiver refuses all that most runs are for",
        frozenset({"HookfleetAttemptsFailing", "HookfleetIntegrationDisabled"}),
        BreakableFleet.refuse,
        BreakableFleet.answer_again,
    ),
    Break(
        "a receiver takes requests and answers none",
        frozenset({"HookfleetWorkOverdue"}),
        BreakableFleet.hang,
        BreakableFleet.wake_up,
    ),
    Break(
        "a record on a topic of ours cannot be read",
        frozenset({"HookfleetDeadLetters"}),
        BreakableFleet.poison,
        None,
    ),
    Break(
        "the database is stopped",
        frozenset({"HookfleetDatabaseAway", "HookfleetRecorderBehind"}),
        BreakableFleet.stop_database,
        BreakableFleet.start_database,
    ),
    Break(
        "the only disabler is stopped",
        frozenset({"HookfleetTargetDown", "HookfleetServiceAbsent"}),
        BreakableFleet.stop_disabler,
        BreakableFleet.start_disabler,
    ),
    Break(
        "the broker stands still",
        frozenset({"HookfleetBrokersAway"}),
        BreakableFleet.freeze_broker,
        BreakableFleet.thaw_broker,
    ),
)


@dataclass(slots=True)
class Seen:
    """When an alert fired and was gone, in seconds since the trial began; `cleared` is None while it fires."""

    alert: str
    fired: float
    cleared: float | None = None


@dataclass(slots=True)
class AlertTrial:
    """One fleet, broken part by part. ``tell`` gets a line for everything that happens."""

    scene: BreakableFleet
    tell: Callable[[float, str], None]
    seen: list[Seen] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)

    def begin(self, breaks: Sequence[Break]) -> None:
        """Break all of these, in order, and return when the alerts of each have fired. Raises NotSeen."""
        began = time.monotonic() - self._began
        for each in breaks:
            self._tell(f"broken: {each.what}")
            each.begin(self.scene)
        expected = frozenset[str]().union(*(each.alerts for each in breaks))

        def silent() -> frozenset[str]:
            # Some clear by themselves, a while after what they tell of.
            return expected - self._firing() - {each.alert for each in self.seen if each.fired >= began}

        self._wait(lambda: not silent(), lambda: f"silent: {', '.join(sorted(silent()))}")

    def mend(self, breaks: Sequence[Break]) -> None:
        """Mend them, the last one first."""
        for each in reversed(breaks):
            if each.mend is not None:
                self._tell(f"mended: {each.what}")
                each.mend(self.scene)

    def wait_until_quiet(self) -> None:
        """Until nothing fires. Raises NotSeen."""
        self._wait(lambda: not self._firing(), lambda: f"still firing: {', '.join(sorted(self._firing()))}")

    def look(self) -> None:
        """See what fires now."""
        now = time.monotonic() - self._began
        firing = {alert.name: alert.summary for alert in self.scene.prometheus.firing()}
        for each in self.seen:
            if each.cleared is None and each.alert not in firing:
                each.cleared = now
                self.tell(now, f"cleared: {each.alert}")
        for name in firing.keys() - self._firing():
            self.seen.append(Seen(name, now))
            self.tell(now, f"FIRING:  {name}: {firing[name]}")

    def _firing(self) -> frozenset[str]:
        return frozenset(each.alert for each in self.seen if each.cleared is None)

    def _wait(self, done: Callable[[], bool], otherwise: Callable[[], str]) -> None:
        deadline = time.monotonic() + LIMIT_SECONDS
        self.look()
        while not done():
            if time.monotonic() > deadline:
                raise NotSeen(f"{otherwise()} after {LIMIT_SECONDS:.0f} s")
            time.sleep(_LOOK_SECONDS)
            self.look()

    def _tell(self, line: str) -> None:
        self.tell(time.monotonic() - self._began, line)
