"""`hookfleet events`: send system events, list them, and see what one of them led to."""

from __future__ import annotations

import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import orjson
import typer
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner

from deploy.cli.api_client import ApiClient, Refused
from deploy.cli.connection import DEFAULT_URL, ApiKey, AsJson, Url, connect
from deploy.cli.event_files import batches, completed, read_events
from deploy.cli.event_sending import Verdict, send
from deploy.cli.failures import Failed, errors, readable_failures, show_faults
from deploy.cli.listing import Follow, Limit, Listing, show
from deploy.cli.progress import counted_progress
from deploy.cli.recorded_cells import recent_event_below, recent_event_cells
from deploy.cli.time_spans import Since, Until, asked_times
from deploy.cli.trace_view import is_settled, trace_tree

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

_DEFAULT_SOURCE = "/hookfleet/cli"
#: Refused events shown one by one; the rest are counted.
_REFUSED_SHOWN = 20
_WATCH_SECONDS = 0.5
_ONE = "One event from options"


@app.command("send")
def send_events(
    type_: Annotated[
        str | None,
        typer.Option("--type", metavar="NAME", help="Event type, e.g. order.created.", rich_help_panel=_ONE),
    ] = None,
    data: Annotated[
        str | None, typer.Option("--data", metavar="JSON", help="The payload.", rich_help_panel=_ONE)
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option("--subject", help="What it is about; events of a subject keep order.", rich_help_panel=_ONE),
    ] = None,
    event_id: Annotated[
        str | None, typer.Option("--id", help="Event id [dim](default: a new one)[/].", rich_help_panel=_ONE)
    ] = None,
    source: Annotated[
        str, typer.Option("--source", help="Where it comes from; also for events of a file without one.")
    ] = _DEFAULT_SOURCE,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE|-",
            help="Events from a file, or - for stdin: a JSON object, an array, or one object a line.",
        ),
    ] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """Send one event from options, or many from a file. [dim]Returns when every broker has them.[/]

    What CloudEvents requires and an event leaves out (specversion, id, source) is filled in. Exit code 1 when any event
    was refused; the others are accepted nevertheless.
    """
    with readable_failures(), connect(url, api_key) as client:
        if (file is None) == (type_ is None):
            raise Failed("give either --type for one event or --file for many")
        events = read_events(_text_of(file)) if file else [_event_of_options(type_, data, subject, event_id)]
        whole = [completed(event, source, lambda: str(uuid.uuid4())) for event in events]
        verdicts = _send_all(client, whole)
        refused = [verdict for verdict in verdicts if not verdict.accepted]
        if as_json:
            Console().print_json(data=_as_document(verdicts))
        else:
            _show(verdicts, refused)
    if refused:
        raise typer.Exit(1)


@app.command("list")
def list_events(
    type_: Annotated[str | None, typer.Option("--type", metavar="NAME", help="Only of this type.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Only about this.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    follow: Follow = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """List the system events that are kept, newest first."""
    with readable_failures(), connect(url, api_key) as client:
        asked = {"type": type_, "subject": subject, **asked_times(since, until, datetime.now(UTC))}
        listing = Listing(
            "/v1/recent-events",
            asked,
            recent_event_cells,
            recent_event_below,
            lambda event: (event["id"], event["source"]),
            "no event fits",
        )
        show(client, listing, limit, follow=follow, as_json=as_json)


@app.command("trace")
def trace_event(
    event_id: Annotated[str, typer.Argument(metavar="ID", help="Event id, as sending it printed.")],
    source: Annotated[
        str | None, typer.Option("--source", help="Needed only where two sources used the same id.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow until every run has ended.")] = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """Show what an event led to: rules that fired, runs, attempts, outcomes, and why a rule did not fire."""
    console = Console(highlight=False)
    with readable_failures(), connect(url, api_key) as client:
        if watch and not as_json:
            _watch(console, client, event_id, source)
            return
        trace = _trace(client, event_id, source)
        while watch and not (trace and is_settled(trace)):
            time.sleep(_WATCH_SECONDS)
            trace = _trace(client, event_id, source)
        if trace is None:
            raise Failed(
                f"no event with id {event_id} is known; one that was just accepted takes a moment: try --watch"
            )
        if as_json:
            console.print_json(data=trace)
        else:
            console.print(trace_tree(trace, _runs(client, trace)))


def _event_of_options(type_: str | None, data: str | None, subject: str | None, event_id: str | None) -> dict[str, Any]:
    event: dict[str, Any] = {"type": type_}
    if event_id is not None:
        event["id"] = event_id
    if subject is not None:
        event["subject"] = subject
    if data is not None:
        try:
            event["data"] = orjson.loads(data)
        except orjson.JSONDecodeError as error:
            raise Failed(
                f"--data is not JSON ({error.msg}, column {error.colno}): quote it for the shell, as in "
                "--data '{\"amount\": 120}'"
            ) from None
    return event


def _text_of(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"cannot read {file}: {error}") from None


def _send_all(client: ApiClient, events: list[dict[str, Any]]) -> list[Verdict]:
    verdicts: list[Verdict] = []
    with counted_progress("sending", "events", len(events)) as advance:
        for batch in batches(events):
            verdicts += send(client, batch)
            advance(len(batch))
    return verdicts


def _show(verdicts: list[Verdict], refused: list[Verdict]) -> None:
    console = Console(highlight=False)
    accepted = [verdict for verdict in verdicts if verdict.accepted]
    if len(accepted) == 1:
        console.print(f"[green]✔[/] accepted [bold]{escape(accepted[0].id)}[/]")
    elif accepted:
        console.print(f"[green]✔[/] {len(accepted):,} accepted")
    for verdict in refused[:_REFUSED_SHOWN]:
        errors.print(f"[bold red]✗[/] refused {escape(verdict.id)}")
        show_faults(verdict.faults)
    if len(refused) > _REFUSED_SHOWN:
        errors.print(f"[bold red]✗[/] {len(refused) - _REFUSED_SHOWN:,} more refused")


def _as_document(verdicts: list[Verdict]) -> dict[str, Any]:
    return {
        "accepted": sum(verdict.accepted for verdict in verdicts),
        "refused": sum(not verdict.accepted for verdict in verdicts),
        "events": [
            {
                "id": verdict.id,
                "source": verdict.source,
                "status": "accepted" if verdict.accepted else "refused",
                "errors": [
                    {"field": fault.field, "message": fault.message, "fix": fault.fix} for fault in verdict.faults
                ],
            }
            for verdict in verdicts
        ],
    }


def _trace(client: ApiClient, event_id: str, source: str | None) -> dict[str, Any] | None:
    try:
        trace: dict[str, Any] = client.get(f"/v1/events/{quote(event_id, safe='')}/trace", source=source)
    except Refused as refusal:
        if refusal.status == 404:
            return None
        raise
    return trace


def _runs(client: ApiClient, trace: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {run["run_id"]: client.get(f"/v1/runs/{run['run_id']}") for run in trace["runs"]}


def _watch(console: Console, client: ApiClient, event_id: str, source: str | None) -> None:
    """Redraw the tree until it is settled, then leave it standing."""
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        while True:
            trace = _trace(client, event_id, source)
            if trace is None:
                live.update(Spinner("dots", f"no event {escape(event_id)} yet; Ctrl-C ends"))
            else:
                tree = trace_tree(trace, _runs(client, trace))
                if is_settled(trace):
                    break
                live.update(Group(tree, Spinner("dots", "[dim]watching; Ctrl-C ends[/]")))
            time.sleep(_WATCH_SECONDS)
    console.print(tree)
