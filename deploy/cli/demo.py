"""`hookfleet demo`: the whole fleet on a throwaway Kafka, crashed under load, with the sums at the end."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import tempfile
import time
from pathlib import Path

import typer
from rich.console import Console

from deploy.cli.api_client import ApiClient
from deploy.cli.failures import errors, readable_failures
from deploy.local.demo.core.duplicates import bound, duplicates
from deploy.local.demo.core.sums import sums
from deploy.local.demo.core.verdict import broken_claims
from deploy.local.demo.receiver_set import ReceiverSet
from deploy.local.demo.report import report
from deploy.local.demo.scenario import Demonstration
from deploy.local.demo.screen import Screen
from deploy.local.demo.sender import Sender
from deploy.local.demo.topic_evidence import TopicEvidence
from deploy.local.fleet import Fleet, FleetPlan


def demo() -> None:
    """Show what the fleet does when it is crashed. [dim]Under a minute; ends by itself and leaves nothing behind.[/]

    Starts Kafka and every service, sends 1,000 events to receivers that are healthy, slow, flaky, refusing and dead,
    kills a dispatcher and a disabler in the middle of it, and counts what became of every event from the topics and the
    receivers' own logs. Exit code 1 when anything is lost or sent more often than the crashes explain.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="hookfleet-demo-"))
    try:
        with readable_failures():
            holds = _show(Console(highlight=False), folder)
    except KeyboardInterrupt:
        shutil.rmtree(folder)
        errors.print("\nstopped, every process has ended")
        raise typer.Exit(130) from None
    except BaseException:
        _keep_logs(folder)
        raise
    if not holds:
        _keep_logs(folder)
        raise typer.Exit(1)
    shutil.rmtree(folder)


def _keep_logs(folder: Path) -> None:
    if any(folder.iterdir()):
        errors.print(f"[dim]the logs of every process are in {folder}[/]", soft_wrap=True)
    else:
        folder.rmdir()


def _show(console: Console, folder: Path) -> bool:
    """Whether the sums hold."""
    began = time.monotonic()
    screen = Screen(console)
    plan = FleetPlan(
        ingest=2,
        dispatcher=2,
        event_recorder=1,
        disabler=2,
        organization="demo",
        topic_prefix=f"demo-{secrets.token_hex(3)}.",
        session_timeout_ms=6_000,
        drain_seconds=5.0,
    )
    with contextlib.ExitStack() as stack:
        with screen.phase("Start Kafka and the fleet") as phase:
            fleet = Fleet(
                folder,
                plan,
                watcher=lambda part, state: phase.say(f"{part} is {state}"),
                broker_progress=phase.say,
            )
            stack.callback(fleet.discard)
            fleet.start()
            phase.say(f"{len(plan.parts())} processes are ready, {plan.partitions} partitions a topic")
        receivers = ReceiverSet(folder, os.environ)
        stack.callback(receivers.stop)
        client = stack.enter_context(ApiClient(fleet.url, fleet.api_key))
        topics = TopicEvidence(fleet.settings)
        stack.callback(topics.close)
        shown = Demonstration(fleet, client, receivers, topics, Sender(client), screen)
        evidence = shown.show()
    counted = sums(evidence)
    found = duplicates(evidence.received, evidence.attempts)
    allowed = bound(evidence.kills, evidence.received)
    broken = broken_claims(counted, found, allowed)
    console.print()
    console.print(report(counted, found, allowed, broken, len(evidence.received)))
    console.print(f"[dim]{time.monotonic() - began:.0f} s, every process has ended[/]")
    return not broken
