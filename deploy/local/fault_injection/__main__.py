"""Run a fault trial: `python -m deploy.local.fault_injection --rounds 1`.

Each round of a minute kills every service and the broker at random times while events come in. With ``--rolling`` a
round is a rolling restart instead: each process in turn is asked to end and replaced, as an upgrade does. Exit code 1
when anything is lost, sent more often than the faults explain, or told differently by recorder, disabler and topics;
then the folder with all logs is kept.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import typer
from rich.console import Console

from deploy.cli.api_client import ApiClient
from deploy.cli.failures import readable_failures
from deploy.local.demo.screen import Screen
from deploy.local.fault_injection.fault_injector import FaultInjector
from deploy.local.fault_injection.fault_plan import ROUND_SECONDS, Fault, draw_faults, rolling_restarts
from deploy.local.fault_injection.persistent_sender import PersistentSender
from deploy.local.fault_injection.receivers import Receivers
from deploy.local.fault_injection.report import broken, report
from deploy.local.fault_injection.trial import Trial
from deploy.local.fleet import Fleet, FleetPlan

#: Events a second: what two cores carry beside the faults. Ten rounds are tens of thousands of events.
EVENTS_A_SECOND = 60
PLAN = FleetPlan(
    ingest=2,
    dispatcher=3,
    event_recorder=1,
    disabler=2,
    organization="trial",
    session_timeout_ms=6_000,
    drain_seconds=20.0,
)


#: A rolling restart needs two of what answers producers and what sends; of the others, work waits for the next one.
ROLLING_PLAN = replace(PLAN, dispatcher=2, disabler=1)
#: Seconds that one process takes to drain, start and be ready; events come in for as long.
REPLACE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Attack:
    """What happens to which fleet, and for how many seconds events come in meanwhile. ``name`` is what repeats it."""

    name: str
    plan: FleetPlan
    faults: Sequence[Fault]
    seconds: float

    @property
    def events(self) -> int:
        return int(self.seconds * EVENTS_A_SECOND)


def crashes(seed: int, rounds: int) -> Attack:
    """Faults at random times."""
    return Attack(f"seed {seed}", PLAN, draw_faults(random.Random(seed), PLAN, rounds), rounds * ROUND_SECONDS)


def rolling(rounds: int) -> Attack:
    """Every process replaced in turn."""
    faults = rolling_restarts(ROLLING_PLAN, rounds)
    return Attack("rolling restart", ROLLING_PLAN, faults, len(faults) * REPLACE_SECONDS)


def trial(console: Console, folder: Path, attack: Attack, events: int) -> list[str]:
    """Run one trial and show it; what does not hold."""
    screen = Screen(console)
    console.print(f"{attack.name}, {len(attack.faults)} acts in some {attack.seconds:.0f} s, {events:,} events")
    # A cluster of somebody else's is not ours to kill.
    env = {name: value for name, value in os.environ.items() if name != "KAFKA_BOOTSTRAP_SERVERS"}
    with contextlib.ExitStack() as stack:
        with screen.phase("Start Kafka and the fleet") as phase:
            fleet = Fleet(folder, attack.plan, env=env, broker_progress=phase.say)
            stack.callback(fleet.stop)
            fleet.start()
            phase.say(f"{len(attack.plan.parts())} processes, {attack.plan.partitions} partitions a topic")
        receivers = Receivers(folder, env)
        stack.callback(receivers.stop)
        sender = PersistentSender(lambda: ApiClient(fleet.url, fleet.api_key), events, attack.seconds)
        stack.callback(sender.stop)
        injector = FaultInjector(fleet, attack.faults)
        findings = Trial(fleet, receivers, sender, injector, screen).run(events)
    faults = broken(findings)
    console.print()
    for words in findings.last_words:
        console.print(words, style="dim", markup=False, soft_wrap=True)
    console.print(report(findings, faults))
    return faults


def main() -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.fault_injection", description=__doc__)
    parser.add_argument("--rounds", type=int, default=1, help="minutes of faults, or rolling restarts (default: 1)")
    parser.add_argument("--rolling", action="store_true", help="replace each process in turn, and crash none")
    parser.add_argument("--events", type=int, help=f"events to send (default: {EVENTS_A_SECOND} a second)")
    parser.add_argument("--seed", type=int, help="repeat the faults of an earlier trial (default: drawn)")
    parser.add_argument("--keep", action="store_true", help="keep the folder even when everything holds")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seed = secrets.randbelow(1_000_000) if options.seed is None else options.seed
    attack = rolling(options.rounds) if options.rolling else crashes(seed, options.rounds)
    folder = Path(tempfile.mkdtemp(prefix="hookfleet-faults-"))
    console = Console(highlight=False)
    began = time.monotonic()
    holds = False
    try:
        with readable_failures():
            holds = not trial(console, folder, attack, options.events or attack.events)
    except typer.Exit as ending:
        return ending.exit_code
    except KeyboardInterrupt:
        console.print("\nstopped, every process has ended")
        return 130
    finally:
        if holds and not options.keep:
            shutil.rmtree(folder)
        else:
            console.print(f"[dim]the logs of every process are in {folder}[/]", soft_wrap=True)
    console.print(f"[dim]{attack.name}, {time.monotonic() - began:.0f} s, every process has ended[/]")
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
