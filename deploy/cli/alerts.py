"""`hookfleet alerts`: what somebody should look at, who does, and what is done."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from deploy.cli.connection import DEFAULT_URL, ApiKey, AsJson, Url, connect
from deploy.cli.failures import errors, readable_failures
from deploy.cli.listing import Follow, Limit, Listing, show
from deploy.cli.recorded_cells import alert_below, alert_cells
from deploy.cli.time_spans import Since, Until, asked_times

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

_PATH = "/v1/alerts"
_WHICH = "Which alerts"
_Ids = Annotated[list[str], typer.Argument(metavar="ID", help="Ids of alerts, as [bold]list[/] shows them.")]


class Severity(StrEnum):
    """How bad it is."""

    INFO = "INFO"
    WARN = "WARN"
    ERROR = "ERROR"


class Status(StrEnum):
    """How far somebody has come with it."""

    NEW = "NEW"
    IN_PROGRESS = "IN PROGRESS"
    RESOLVED = "RESOLVED"


@app.callback()
def alerts_commands() -> None:
    """List alerts, take them up, and resolve them."""


@app.command("list")
def list_alerts(
    severity: Annotated[
        Severity | None, typer.Option("--severity", case_sensitive=False, rich_help_panel=_WHICH)
    ] = None,
    status: Annotated[Status | None, typer.Option("--status", case_sensitive=False, rich_help_panel=_WHICH)] = None,
    integration: Annotated[str | None, typer.Option("--integration", metavar="ID", rich_help_panel=_WHICH)] = None,
    type_: Annotated[str | None, typer.Option("--type", metavar="NAME", rich_help_panel=_WHICH)] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    follow: Follow = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """List alerts, newest first. [dim]A resolved one is new again when it happens again.[/]"""
    with readable_failures(), connect(url, api_key) as client:
        asked = {
            "severity": severity,
            "status": status,
            "integration": integration,
            "type": type_,
            **asked_times(since, until, datetime.now(UTC)),
        }
        listing = Listing(
            _PATH,
            asked,
            alert_cells,
            alert_below,
            lambda alert: (alert["id"], alert["status"], alert["last"]),
            "no alert fits",
        )
        show(client, listing, limit, follow=follow, as_json=as_json)


@app.command("take")
def take_up(ids: _Ids, url: Url = DEFAULT_URL, api_key: ApiKey = "", as_json: AsJson = False) -> None:
    """Put alerts in progress: somebody works on them."""
    _act("in-progress", ids, url, api_key, as_json)


@app.command("resolve")
def resolve(ids: _Ids, url: Url = DEFAULT_URL, api_key: ApiKey = "", as_json: AsJson = False) -> None:
    """Resolve alerts. [dim]What happens again afterwards makes them new.[/]"""
    _act("resolved", ids, url, api_key, as_json)


def _act(act: str, ids: list[str], url: str, api_key: str, as_json: bool) -> None:
    with readable_failures(), connect(url, api_key) as client:
        done = client.post(f"{_PATH}/acts", {"act": act, "alerts": ids})
    if as_json:
        Console().print_json(data=done)
    else:
        before = f" [dim]({done['already']:,} were before)[/]" if done["already"] else ""
        Console(highlight=False).print(f"[green]✔[/] {done['done']:,} {act.replace('-', ' ')}{before}")
        for each in done["unknown"]:
            errors.print(f"[bold red]✗[/] no alert {escape(str(each))}")
    if done["unknown"]:
        raise typer.Exit(1)
