"""The `hookfleet` command: what there is, in the order in which people need it."""

from __future__ import annotations

import typer

from deploy.cli import (
    alerts,
    apply,
    backup,
    credentials,
    dead_letters,
    demo,
    events,
    integration_events,
    integrations,
    mappings,
    replays,
    runs,
    trail,
    up,
)
from deploy.cli.statistics_table import statistics

_TRY_IT = "Try it"
_USE_IT = "Use a running fleet"
_SEE_IT = "See what happened, and act on it"
_OPERATE_IT = "Operate one, straight on Kafka"

app = typer.Typer(
    name="hookfleet",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=(
        "Commands about a running fleet read [bold]HOOKFLEET_URL[/] and [bold]HOOKFLEET_API_KEY[/]; "
        "`hookfleet up` prints both. Exit code 0: done. 1: refused or failed, with what to do. 2: not understood."
    ),
)


@app.callback()
def hookfleet() -> None:
    """[bold]Hookfleet[/] turns system events into signed webhook requests, on Kafka, and loses none.

    [dim]A rule says which events matter, a webhook where to post, an integration links the two. Each triggered
    integration is a run: retried, recorded, and counted once.[/]
    """


app.command("demo", rich_help_panel=_TRY_IT)(demo.demo)
app.command("up", rich_help_panel=_TRY_IT)(up.up)
app.command("apply", rich_help_panel=_USE_IT)(apply.apply)
app.add_typer(
    events.app, name="events", rich_help_panel=_USE_IT, help="Send events, list them, and see what one led to."
)
app.add_typer(
    integrations.app,
    name="integrations",
    rich_help_panel=_USE_IT,
    help="Enable integrations that were disabled.",
)
app.add_typer(
    credentials.app,
    name="credentials",
    rich_help_panel=_USE_IT,
    help="Rotate signing secrets, verify signatures, seal anew.",
)
app.add_typer(
    mappings.app,
    name="mappings",
    rich_help_panel=_USE_IT,
    help="List, look up and import the ids by which external systems know entities.",
)
app.add_typer(runs.app, name="runs", rich_help_panel=_SEE_IT, help="List runs, and see one with all that was sent.")
app.add_typer(
    integration_events.app,
    name="integration-events",
    rich_help_panel=_SEE_IT,
    help="List what went wrong, and mark what is dealt with.",
)
app.add_typer(alerts.app, name="alerts", rich_help_panel=_SEE_IT, help="List alerts, take them up, resolve them.")
app.command("statistics", rich_help_panel=_SEE_IT)(statistics)
app.add_typer(replays.app, name="replay", rich_help_panel=_SEE_IT, help="Send again what failed, or what was missed.")
app.command("trail", rich_help_panel=_SEE_IT)(trail.trail)
app.command("backup", rich_help_panel=_OPERATE_IT)(backup.backup)
app.command("restore", rich_help_panel=_OPERATE_IT)(backup.restore)
app.add_typer(
    dead_letters.app,
    name="dead-letters",
    rich_help_panel=_OPERATE_IT,
    help="List, inspect, correct and replay records that could not be processed.",
)
