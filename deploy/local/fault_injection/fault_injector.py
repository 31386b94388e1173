"""Does to a running fleet what the plan says, and what an orchestrator does meanwhile: starts again what has ended.

Never blocks but for the broker's restart; called again and again by one thread.
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections import Counter, deque
from collections.abc import Sequence

from deploy.local.fault_injection.core.rebalances import rebalances_ms
from deploy.local.fault_injection.fault_plan import Action, Fault
from deploy.local.fleet import Fleet, Part, probe
from shared.adapters.clock import now_ms

#: Seconds until a process that ended by itself is started again, as an orchestrator backs off.
_BACK_OFF_SECONDS = 1.0
#: Of the last line of a process that has drained.
_ENDED_IN_ORDER = '"message":"stopped","failed":false'


class FaultInjector:
    """Carries out ``faults``."""

    def __init__(self, fleet: Fleet, faults: Sequence[Fault]) -> None:
        self._fleet = fleet
        self._waiting = deque(faults)
        self._began = time.monotonic()
        self._comes_back: dict[Part, float] = {}
        self._leaving: set[Part] = set()
        self._logs_of_crashed_brokers: list[str] = []
        self.done: list[Fault] = []
        self._starts: Counter[Part] = Counter()
        self.ended_by_themselves: Counter[Part] = Counter()
        self.last_words: list[str] = []
        self.disorderly: list[Part] = []
        """Processes that were asked to end and did not do so in order."""

    def begin(self) -> None:
        """The plan's time begins now."""
        self._began = time.monotonic()

    @property
    def is_done(self) -> bool:
        return not self._waiting

    def step(self) -> Fault | None:
        """Do what is due; the fault that was done, if any."""
        self._look()
        self._bring_back()
        if not self._waiting or self._waiting[0].at > time.monotonic() - self._began:
            return None
        if self._waiting[0].part in self._comes_back.keys() | self._leaving:
            return None  # it is away already, and is hurt when it is back
        if self._waiting[0].action is Action.REPLACE and not self.all_ready():
            return None
        fault = self._waiting.popleft()
        self._note(str(fault))
        self._do(fault)
        self.done.append(fault)
        return fault

    def all_ready(self) -> bool:
        """Whether every process runs and says that it is ready."""
        self._look()
        self._bring_back()
        if self._comes_back or self._leaving:
            return False
        return all(probe.is_ready(self._fleet.port(part.service, part.index)) for part in self._fleet.plan.parts())

    def rebalances_ms(self, group: str) -> list[int]:
        """When each rebalance of a consumer group was over, by the log of every broker there was."""
        return [ms for log in (*self._logs_of_crashed_brokers, self._broker_log()) for ms in rebalances_ms(log, group)]

    def _do(self, fault: Fault) -> None:
        match fault.action, fault.part:
            case Action.CRASH_BROKER, _:
                self._logs_of_crashed_brokers.append(self._broker_log())
                self._fleet.crash_broker()
                self._note("the broker is back")
            case _, None:
                raise ValueError(f"{fault} names no process")
            case Action.KILL, part:
                self._fleet.kill(part.service, part.index)
                self._comes_back[part] = time.monotonic() + fault.absent_seconds
            case Action.REMOVE | Action.REPLACE, part:
                self._leaving.add(part)
                self._comes_back[part] = time.monotonic() + fault.absent_seconds
                os.kill(self._fleet.pid(part.service, part.index), signal.SIGTERM)

    def _look(self) -> None:
        for part, words in self._fleet.ended():
            if part in self._leaving:
                self._leaving.discard(part)
                if _ENDED_IN_ORDER not in words:
                    self.disorderly.append(part)
                    self.last_words.append(f"{part} did not end in order.{words}")
                continue
            self.ended_by_themselves[part] += 1
            self._note(f"{part} ended by itself")
            self.last_words.append(f"{part} ended by itself.{words}")
            self._comes_back[part] = time.monotonic() + _BACK_OFF_SECONDS

    def _bring_back(self) -> None:
        for part, at in list(self._comes_back.items()):
            if at <= time.monotonic() and part not in self._leaving:
                del self._comes_back[part]
                self._keep_log(part)
                self._note(f"start {part}")
                self._fleet.start_one(part.service, part.index, wait=False)

    def _note(self, what: str) -> None:
        """For whoever has to find out what led to what."""
        with (self._fleet.folder / "timeline.txt").open("a") as file:
            file.write(f"{now_ms()} {what}\n")

    def _keep_log(self, part: Part) -> None:
        """A fleet keeps the logs of two starts; what went wrong may stand in an earlier one."""
        self._starts[part] += 1
        log = self._fleet.folder / f"{part}.log"
        shutil.copyfile(log, log.with_suffix(f".{self._starts[part]}.log"))

    def _broker_log(self) -> str:
        return (self._fleet.folder / "kafka" / "broker.log").read_text(errors="replace")
