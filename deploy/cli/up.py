"""`hookfleet up`: the whole fleet on this machine, kept running on one address."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from deploy.cli.failures import readable_failures
from deploy.cli.fleet_progress import FleetProgress
from deploy.local.broker.ports import is_free
from deploy.local.fleet import Fleet, FleetPlan, Service
from deploy.local.receivers.core.behaviour import Behaviour
from deploy.local.receivers.receiver_process import ReceiverProcess

#: Where the webhook of deploy/samples/quickstart.yaml points.
SAMPLE_RECEIVER_PORT = 8081
_SAMPLE = Path(__file__).parents[1] / "samples" / "quickstart.yaml"
_SAMPLE_EVENT = """events send --type order.created --data '{"amount": 120}'"""
#: Seconds between looks at the processes; one that ended is started again.
_LOOK_SECONDS = 0.5


def up(
    data_dir: Annotated[
        Path, typer.Option("--data-dir", metavar="DIR", help="Where events, configuration and keys are kept.")
    ] = Path(".hookfleet"),
    port: Annotated[int, typer.Option("--port", min=1, max=65_535, help="The one port of both HTTP APIs.")] = 8080,
) -> None:
    """Run the whole fleet here, on one address, until Ctrl-C. [dim]What it knows is kept for the next time.[/]

    Brings its own Apache Kafka; [bold]KAFKA_BOOTSTRAP_SERVERS[/] uses a cluster instead. What happened is kept in an
    SQLite file; [bold]HOOKFLEET_DATABASE_URL[/] (postgresql+psycopg://…) names a PostgreSQL instead.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False)
    plan = FleetPlan(dispatcher=2, partitions=12, gateway_port=port)
    with readable_failures():
        progress = FleetProgress(console, "Starting the fleet")
        fleet = Fleet(data_dir, plan, watcher=progress.changed, broker_progress=progress.note)
        receiver: ReceiverProcess | None = None
        try:
            with progress:
                fleet.start()
                receiver = _sample_receiver(fleet.folder)
            _introduce(console, fleet, receiver)
            _keep_running(console, fleet)
        except KeyboardInterrupt:
            console.print("\nstopping: what is under way is finished first")
        finally:
            if receiver is not None:
                receiver.stop()
            fleet.stop()


def _sample_receiver(folder: Path) -> ReceiverProcess | None:
    if not is_free(SAMPLE_RECEIVER_PORT):
        return None
    log = folder / "sample-receiver.jsonl"
    receiver = ReceiverProcess(Behaviour.HEALTHY, SAMPLE_RECEIVER_PORT, log, dict(os.environ), secret=None)
    receiver.wait_until_ready()
    return receiver


def _keep_running(console: Console, fleet: Fleet) -> None:
    """A worker that limps ends itself, and somebody has to start it again: here it is us."""
    while True:
        time.sleep(_LOOK_SECONDS)
        for part, last_words in fleet.ended():
            console.print(f"[yellow]![/] {part} ended by itself and is started again.{escape(last_words)}")
            fleet.start_one(part.service, part.index, wait=False)


def _introduce(console: Console, fleet: Fleet, receiver: ReceiverProcess | None) -> None:
    command, key_file = _command(), _short(fleet.folder / "api-key")
    facts = Table.grid(padding=(0, 2))
    facts.add_row("[dim]address[/]", f"[bold green]{fleet.url}[/]", "[dim]a page of what is there: /[/]")
    facts.add_row("[dim]API key[/]", f"[bold]{fleet.api_key}[/]", f"[dim]in {escape(key_file)}[/]")
    facts.add_row("[dim]metrics[/]", _metrics(fleet), "[dim]/metrics of these ports on 127.0.0.1[/]")
    console.print(
        Panel(facts, title="Hookfleet is running", title_align="left", border_style="green", padding=1, expand=False)
    )
    lines = (
        "In another terminal:\n",
        f"  export HOOKFLEET_URL={fleet.url}",
        f"  export HOOKFLEET_API_KEY=$(cat {key_file})",
        f"  {command} apply -f {_short(_SAMPLE)}",
        f"  {command} {_SAMPLE_EVENT}",
        f"  {command} events trace --watch ID   # the id that sending printed\n",
        "What could not be processed is read from Kafka itself:\n",
        f"  KAFKA_BOOTSTRAP_SERVERS={fleet.settings.kafka_bootstrap_servers} {command} dead-letters list\n",
    )
    for line in lines:
        console.print(line, markup=False, soft_wrap=True)
    if receiver is None:
        console.print(
            f"[yellow]![/] port {SAMPLE_RECEIVER_PORT} is in use, so the sample's receiver was not started: "
            "let the webhook in the sample point at one of yours."
        )
    else:
        console.print(
            f"[dim]The sample posts to a receiver that runs here too; what arrives stands in "
            f"{_short(receiver.request_log)}.[/]"
        )
    console.print("[dim]Ctrl-C stops everything; data stays.[/]\n")


def _metrics(fleet: Fleet) -> str:
    parts = [part for part in fleet.plan.parts() if part.service is not Service.GATEWAY]
    return "\n".join(f"{part} {fleet.port(part.service, part.index)}" for part in parts)


def _command() -> str:
    """How this command was called, so that the lines can be pasted."""
    here = Path(sys.argv[0])
    return here.name if shutil.which(here.name) == str(here.absolute()) else _short(here)


def _short(path: Path) -> str:
    """Relative to the current folder where that is shorter."""
    absolute = path.absolute()
    here = Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(absolute)
