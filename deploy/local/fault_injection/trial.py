"""The trial, phase by phase: a fleet, events, faults at random, an end of everything, and the accounts.

Evidence is taken when no service runs any more, so that nothing can still change.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from deploy.cli.api_client import ApiClient
from deploy.local.demo.core.evidence import Evidence
from deploy.local.demo.core.sums import Sums, sums
from deploy.local.demo.not_shown import NotShown
from deploy.local.demo.screen import Phase, Screen
from deploy.local.demo.topic_evidence import TopicEvidence
from deploy.local.fault_injection import decision_replay, recorded_runs
from deploy.local.fault_injection.core import traffic
from deploy.local.fault_injection.fault_injector import FaultInjector
from deploy.local.fault_injection.persistent_sender import PersistentSender
from deploy.local.fault_injection.receivers import Receivers
from deploy.local.fault_injection.repeats import Repeats, find_repeats
from deploy.local.fault_injection.whole_topics import read_whole
from deploy.local.fleet import Fleet
from deploy.local.fleet.plan import Part
from deploy.local.receivers.core.received_request import ReceivedRequest

#: Seconds after the last event and fault in which everything must have ended: a killed worker's partitions are idle
#: for a session timeout, runs that wait then go on, and a backlog of some thousand runs is worked off.
SETTLE_SECONDS: Final = 120.0
#: Seconds within which the whole fleet must be ready again.
_READY_SECONDS: Final = 60.0
_LOOK_SECONDS: Final = 1.0
_STEP_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of the trial. ``recorder`` and ``disabler`` hold a line for each disagreement, ``disorderly`` are
    processes that did not drain when they were asked to."""

    sums: Sums
    requests: int
    repeats: Repeats
    decisions: Counter[str]
    recorder: Sequence[str]
    disabler: Sequence[str]
    faults: Counter[str]
    ended_by_themselves: Counter[Part]
    last_words: Sequence[str]
    repeated: int
    disorderly: Sequence[Part] = ()


class Trial:
    """A running fleet under attack."""

    def __init__(
        self, fleet: Fleet, receivers: Receivers, sender: PersistentSender, injector: FaultInjector, screen: Screen
    ) -> None:
        self._fleet = fleet
        self._receivers = receivers
        self._sender = sender
        self._injector = injector
        self._screen = screen
        self._topics = TopicEvidence(fleet.settings)

    def run(self, events: int) -> Findings:
        """Every phase in order. Raises NotShown when the fleet does not come back."""
        self._configure()
        self._attack(events)
        self._recover()
        self._settle()
        with self._screen.phase("Stop the services, count") as phase:
            self._fleet.stop_services()
            self._topics.read()
            findings = self._findings()
            phase.say(f"{findings.requests:,} requests at the receivers")
        self._topics.close()
        return findings

    def _configure(self) -> None:
        with self._screen.phase("Configure, start the receivers") as phase:
            resources = traffic.configuration(self._receivers.urls())
            with ApiClient(self._fleet.url, self._fleet.api_key) as client:
                answer = client.post("/v1/apply", {"resources": resources})
            self._receivers.start(next(each["secret"] for each in answer["resources"] if "secret" in each))
            phase.say(f"{len(resources)} resources")

    def _attack(self, events: int) -> None:
        with self._screen.phase("Send events, inject faults", measured=True) as phase:
            self._injector.begin()
            self._sender.begin()
            while not (self._sender.is_done() and self._injector.is_done):
                fault = self._injector.step()
                phase.progress(len(self._sender.accepted), events)
                if fault is not None:
                    phase.say(f"{len(self._injector.done)} faults; the last: {fault}")
                time.sleep(_STEP_SECONDS)

    def _recover(self) -> None:
        with self._screen.phase("Wait until the whole fleet is ready") as phase:
            deadline = time.monotonic() + _READY_SECONDS
            while not self._injector.all_ready():
                if time.monotonic() > deadline:
                    raise NotShown(f"the fleet was not ready again within {_READY_SECONDS:.0f} s")
                time.sleep(_LOOK_SECONDS)
            ended = self._injector.ended_by_themselves
            phase.say(", ".join(f"{part} ended by itself {count} times" for part, count in ended.items()))

    def _settle(self) -> None:
        """Until every run has ended and is recorded; what has not by then shows in the sums."""
        with self._screen.phase("Wait until every run has ended and is recorded", measured=True) as phase:
            deadline = time.monotonic() + SETTLE_SECONDS
            while time.monotonic() < deadline:
                self._injector.step()
                self._topics.read()
                evidence = self._evidence()
                counted = sums(evidence)
                _say_how_far(phase, counted)
                unmatched = counted.unaccounted or counted.unmatched_error_events
                if not unmatched and counted.ended == len(counted.runs) and not self._unrecorded(evidence):
                    return
                time.sleep(_LOOK_SECONDS)

    def _evidence(self) -> Evidence:
        return self._topics.of(
            Evidence(
                organization=self._fleet.plan.organization,
                accepted=self._sender.accepted,
                received=self._receivers.received(),
            )
        )

    def _unrecorded(self, evidence: Evidence) -> list[str]:
        database = recorded_runs.recorded(self._fleet.folder / "events.sqlite3")
        return database.differences(recorded_runs.on_topics(evidence))

    def _findings(self) -> Findings:
        evidence = self._evidence()
        settings = self._fleet.settings
        topics = settings.topics()
        events = read_whole(settings, topics.integration_events.name)
        states = read_whole(settings, topics.integration_state.name)
        repeats = find_repeats(settings, evidence, self._injector.rebalances_ms)
        (self._fleet.folder / "duplicates.txt").write_text("".join(_repeated(evidence, repeats)))
        decided = decision_replay.found(events, states)
        return Findings(
            sums=sums(evidence),
            requests=len(evidence.received),
            repeats=repeats,
            decisions=Counter(type_ for type_, _ in decision_replay.kinds(decided)),
            recorder=self._unrecorded(evidence),
            disabler=decided.differences(decision_replay.replayed(events, topics)),
            faults=Counter(fault.words for fault in self._injector.done),
            ended_by_themselves=self._injector.ended_by_themselves,
            last_words=tuple(self._injector.last_words),
            repeated=self._sender.repeated,
            disorderly=tuple(self._injector.disorderly),
        )


def _repeated(evidence: Evidence, repeats: Repeats) -> Iterator[str]:
    """A line for each run with more requests than attempts, to be held against the times of the faults."""
    attempts = Counter(attempt.run_id for attempt in evidence.attempts)
    requests: defaultdict[str, list[ReceivedRequest]] = defaultdict(list)
    for request in sorted(evidence.received, key=lambda each: each.received_ms):
        requests[request.webhook_id].append(request)
    for run_id, received in requests.items():
        if run_id in repeats.found:
            times = " ".join(f"{each.received_ms}-{each.answered_ms}:{each.status}" for each in received)
            explained = "" if run_id not in repeats.unexplained else "UNEXPLAINED "
            yield f"{run_id} {explained}{attempts[run_id]} attempts, requests {times}\n"


def _say_how_far(phase: Phase, counted: Sums) -> None:
    phase.progress(counted.ended, len(counted.runs))
    failed = sum(map(len, counted.failed.values()))
    phase.say(
        f"{len(counted.delivered):,} delivered, {failed:,} failed, {len(counted.disabled):,} disabled, "
        f"{len(counted.pending):,} pending"
    )
