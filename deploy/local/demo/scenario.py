"""The demonstration, phase by phase: a whole fleet, a thousand events, crashes, and the sums at the end.

It asks the fleet only what any user can ask (HTTP, topics, ``/metrics``) and crashes it only as a machine would
(SIGKILL). What it counts comes from the topics and from the receivers' own logs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

import deploy
from deploy.cli.api_client import ApiClient
from deploy.cli.apply import apply_documents, checked_documents
from deploy.cli.resource_files import Declared, read_files
from deploy.local.demo.core import sample_events as sample
from deploy.local.demo.core.evidence import Evidence, Kill
from deploy.local.demo.core.sample_events import SampleEvent
from deploy.local.demo.core.sums import Sums, sums
from deploy.local.demo.crash import kill_a_busy_dispatcher
from deploy.local.demo.not_shown import NotShown
from deploy.local.demo.receiver_set import ReceiverSet
from deploy.local.demo.screen import Phase, Screen
from deploy.local.demo.sender import Sender
from deploy.local.demo.topic_evidence import TopicEvidence
from deploy.local.fleet import Fleet, Service
from shared.core.messages.integration_events import DISABLED_ERROR, RUN_COMPLETED

EVENTS = 1_000
#: Rules that are applied and put to use in the next instant.
_PROBES = 5
#: Events sent to an integration that was disabled: each becomes a run that is not sent.
_WHILE_DISABLED = 10
#: Seconds for whatever is waited for in a phase.
_LIMIT_SECONDS = 60.0
_END_LIMIT_SECONDS = 90.0
_LOOK_SECONDS = 0.25
_SAMPLES = Path(str(deploy.__file__)).parent / "samples" / "demo"


@dataclass(slots=True)
class Demonstration:
    """A running fleet and what is known about it so far."""

    fleet: Fleet
    client: ApiClient
    receivers: ReceiverSet
    topics: TopicEvidence
    sender: Sender
    screen: Screen
    kills: list[Kill] = field(default_factory=list)

    def evidence(self) -> Evidence:
        """Everything known now."""
        self.topics.read()
        return self.topics.of(
            Evidence(
                organization=self.fleet.plan.organization,
                accepted=self.sender.accepted,
                received=self.receivers.received(),
                kills=tuple(self.kills),
            )
        )

    def show(self) -> Evidence:
        """Every phase in order, to the end of all services; the evidence. Raises NotShown."""
        self._configure()
        self._send_and_crash()
        self._restart()
        self._match_at_once()
        self._disable()
        self._enable_again()
        self._wait_for_the_rest()
        with self.screen.phase("Stop the services, count") as phase:
            # Only now can no late request make a duplicate.
            self.fleet.stop_services()
            phase.say("everything under way has ended")
            return self.evidence()

    def _configure(self) -> None:
        with self.screen.phase("Apply the sample configuration") as phase:
            urls = self.receivers.urls()
            files = [(name, Template(text).substitute(urls)) for name, text in read_files(_SAMPLES)]
            answers = apply_documents(self.client, checked_documents(files))
            secret = next(answer["secret"] for answer in answers if "secret" in answer)
            phase.say("start receivers")
            self.receivers.start(secret)
            phase.say(f"{len(answers)} resources; receivers: healthy, slow, flaky, refusing, strict, dead")

    def _send_and_crash(self) -> None:
        events = sample.sample_events(EVENTS)
        with self.screen.phase("Send events, crash a dispatcher and a disabler", measured=True) as phase:
            self.sender.begin(events)

            def follow() -> None:
                phase.progress(len(self.sender.accepted), EVENTS)

            def watch(in_flight: list[int]) -> None:
                follow()
                phase.say(f"looking for a busy dispatcher: {in_flight} requests under way")

            self._wait("sending", lambda: len(self.sender.accepted) >= EVENTS // 4, follow)
            kill = kill_a_busy_dispatcher(self.fleet, watch)
            self.kills.append(kill)
            self.fleet.kill(Service.DISABLER, 0)
            phase.say(f"SIGKILL: {kill.part} with {kill.in_flight} requests under way, disabler-0")
            self._wait("sending", self.sender.is_done, follow)

    def _restart(self) -> None:
        with self.screen.phase("Start both again") as phase:
            self.fleet.start_services()
            phase.say("both are ready")

    def _match_at_once(self) -> None:
        """No wait stands between `apply` and the event: the sums demand that each event triggers the new rule."""
        with self.screen.phase("Apply a rule and send its event at once") as phase:
            for number in range(_PROBES):
                documents, event = _probe(number)
                apply_documents(self.client, documents)
                self.sender.send([event])
                phase.say(f"{number + 1} rules, each followed by its event with no wait between")

    def _disable(self) -> None:
        with self.screen.phase("A receiver that refuses is disabled") as phase:
            phase.say("waiting for five failed runs in a row")
            self._wait("disabling", self._is_disabled)
            self.sender.send([sample.payment(f"while-disabled-{n}") for n in range(_WHILE_DISABLED)])
            phase.say(f"{sample.PAYMENTS_TO_LEDGER} is disabled; {_WHILE_DISABLED} events more are not sent")

    def _is_disabled(self) -> bool:
        self.topics.read()
        return any(each.type == DISABLED_ERROR for each in self.topics.events_of(sample.PAYMENTS_TO_LEDGER))

    def _enable_again(self) -> None:
        with self.screen.phase("Heal the receiver, enable the integration") as phase:
            path = f"/v1/integrations/{sample.PAYMENTS_TO_LEDGER}"
            self._wait_until_nothing_waits()
            self.receivers.heal("refusing")
            self.client.post(f"{path}/enable", {"reason": "the ledger is healed"})
            self._wait("enabling", lambda: bool(self.client.get(path)["state"]["enabled"]))
            sent = 0

            def receives_again() -> bool:
                nonlocal sent
                sent += 1
                self.sender.send([sample.payment(f"after-enabling-{sent}")])
                self.topics.read()
                events = self.topics.events_of(sample.PAYMENTS_TO_LEDGER)
                return any(each.type == RUN_COMPLETED for each in events)

            self._wait("receiving again", receives_again)
            phase.say(f"{sample.PAYMENTS_TO_LEDGER} receives again")

    def _wait_until_nothing_waits(self) -> None:
        """Until the events sent while it was disabled have ended, so that they show what disabled means."""
        wanted = {(sample.SOURCE, f"while-disabled-{n}") for n in range(_WHILE_DISABLED)}

        def ended() -> bool:
            self.topics.read()
            return wanted <= self.topics.events_that_ended_at(sample.PAYMENTS_TO_LEDGER)

        self._wait("skipping", ended)

    def _wait_for_the_rest(self) -> None:
        with self.screen.phase("Wait until every run has ended", measured=True) as phase:
            deadline = time.monotonic() + _END_LIMIT_SECONDS
            while True:
                counted = sums(self.evidence())
                _say_how_far(phase, counted)
                unmatched = counted.unaccounted or counted.unmatched_error_events
                if not unmatched and counted.ended == len(counted.runs):
                    break
                if time.monotonic() > deadline:
                    break
                time.sleep(_LOOK_SECONDS)

    def _wait(self, what: str, condition: Callable[[], bool], meanwhile: Callable[[], None] | None = None) -> None:
        deadline = time.monotonic() + _LIMIT_SECONDS
        while not condition():
            for part, last_lines in self.fleet.ended():
                raise NotShown(f"{part} ended by itself while {what} was waited for.{last_lines}")
            if time.monotonic() > deadline:
                raise NotShown(f"{what} did not happen within {_LIMIT_SECONDS:.0f} s")
            if meanwhile is not None:
                meanwhile()
            time.sleep(_LOOK_SECONDS)


def _say_how_far(phase: Phase, counted: Sums) -> None:
    phase.progress(counted.ended, len(counted.runs))
    failed = sum(map(len, counted.failed.values()))
    phase.say(
        f"{len(counted.delivered):,} delivered, {failed:,} failed, {len(counted.disabled):,} disabled, "
        f"{len(counted.pending):,} pending"
    )


def _probe(number: int) -> tuple[list[Declared], SampleEvent]:
    """A rule with its integration, and an event that only this rule fits."""
    name, event_type = f"probe-{number}", f"demo.probe.n{number}"
    contents = (
        {
            "kind": "notification-rule",
            "id": name,
            "spec": {"name": f"Probe {number}", "event_type": event_type},
        },
        {
            "kind": "integration",
            "id": name,
            "spec": {"name": f"Probe {number}", "rule": name, "webhook": "order-desk"},
        },
    )
    documents = [Declared(f"probe {number}", content) for content in contents]
    return documents, SampleEvent(name, event_type, name, {"number": number}, frozenset({name}))
