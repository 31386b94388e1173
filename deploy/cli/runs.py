"""`hookfleet runs`: what was triggered and what came of it."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.live import Live

from deploy.cli.api_client import ApiClient
from deploy.cli.connection import DEFAULT_URL, ApiKey, AsJson, Url, connect
from deploy.cli.failures import readable_failures
from deploy.cli.listing import Follow, Limit, Listing, show
from deploy.cli.recorded_cells import run_below, run_cells
from deploy.cli.run_view import has_ended, run_view
from deploy.cli.time_spans import Since, Until, asked_times
from shared.core.messages.delivery import Trigger
from shared.core.messages.integration_events import RunStatus

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

_WHICH = "Which runs"
_WATCH_SECONDS = 0.5


class Latest(StrEnum):
    """Of what the newest run alone is shown."""

    INTEGRATION = "integration"
    RULE = "rule"


@app.callback()
def runs_commands() -> None:
    """List runs, and see one with all that was sent and answered."""


@app.command("list")
def list_runs(
    integration: Annotated[str | None, typer.Option("--integration", metavar="ID", rich_help_panel=_WHICH)] = None,
    rule: Annotated[str | None, typer.Option("--rule", metavar="ID", rich_help_panel=_WHICH)] = None,
    entity: Annotated[
        str | None,
        typer.Option("--entity", metavar="ID", help="About this entity or subject.", rich_help_panel=_WHICH),
    ] = None,
    event: Annotated[str | None, typer.Option("--event", metavar="ID", rich_help_panel=_WHICH)] = None,
    status: Annotated[RunStatus | None, typer.Option("--status", case_sensitive=False, rich_help_panel=_WHICH)] = None,
    trigger: Annotated[Trigger | None, typer.Option("--trigger", rich_help_panel=_WHICH)] = None,
    since: Since = None,
    until: Until = None,
    latest: Annotated[
        Latest | None, typer.Option("--latest", help="Only the newest of each.", rich_help_panel=_WHICH)
    ] = None,
    limit: Limit = 50,
    follow: Follow = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """List runs, newest first. [dim]With --follow a run shows again whenever its status changes.[/]"""
    with readable_failures(), connect(url, api_key) as client:
        asked = {
            "integration": integration,
            "rule": rule,
            "entity": entity,
            "event": event,
            "status": status,
            "trigger": trigger,
            "latest": latest,
            **asked_times(since, until, datetime.now(UTC)),
        }
        listing = Listing(
            "/v1/runs",
            asked,
            run_cells,
            run_below,
            lambda run: (run["run_id"], run["status"], run["attempts"]),
            "no run fits",
        )
        show(client, listing, limit, follow=follow, as_json=as_json)


@app.command("show")
def show_run(
    run_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the run.")],
    full: Annotated[bool, typer.Option("--full", help="Bodies and headers without cuts.")] = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Follow until the run has ended.")] = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """Show one run: every stage of every attempt, the whole HTTP exchange, how it ended and what to do."""
    console = Console(highlight=False)
    with readable_failures(), connect(url, api_key) as client:
        run = read_run(client, run_id)
        if watch and not has_ended(run):
            run = _watched(console, client, run_id, full, quietly=as_json)
        if as_json:
            console.print_json(data=run)
        else:
            console.print(run_view(run, full=full))


def read_run(client: ApiClient, run_id: str) -> dict[str, Any]:
    """One run with its log. Raises Refused or Unreachable."""
    run: dict[str, Any] = client.get(f"/v1/runs/{quote(run_id, safe='')}")
    return run


def _watched(console: Console, client: ApiClient, run_id: str, full: bool, *, quietly: bool) -> dict[str, Any]:
    """The run when it has ended, drawn anew as it goes on."""
    with Live(console=console, refresh_per_second=4, transient=True, auto_refresh=not quietly) as live:
        while True:
            run = read_run(client, run_id)
            if has_ended(run):
                return run
            if not quietly:
                live.update(run_view(run, full=full))
            time.sleep(_WATCH_SECONDS)
