"""`hookfleet integration-events`: what went wrong, in words, and what somebody has done about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape

from deploy.cli.api_client import ApiClient, Refused
from deploy.cli.connection import DEFAULT_URL, ApiKey, AsJson, Url, connect
from deploy.cli.failures import Failed, errors, readable_failures
from deploy.cli.listing import Follow, Limit, Listing, items_of, show
from deploy.cli.progress import counted_progress
from deploy.cli.recorded_cells import integration_event_below, integration_event_cells
from deploy.cli.time_spans import Since, Until, asked_times

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

_PATH = "/v1/integration-events"
_WHICH = "Which events"
#: As many as the server takes at once.
_ACTS_A_REQUEST = 1_000

_Type = Annotated[
    str | None,
    typer.Option("--type", metavar="NAME", help="For example integration.perform.error.", rich_help_panel=_WHICH),
]
_Integration = Annotated[str | None, typer.Option("--integration", metavar="ID", rich_help_panel=_WHICH)]
_Text = Annotated[
    str | None, typer.Option("--text", metavar="WORDS", help="That the message holds.", rich_help_panel=_WHICH)
]
_Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="Ids of events, as [bold]list[/] shows them.")]
_Every = Annotated[bool, typer.Option("--all", help="Every event that fits the options.", rich_help_panel=_WHICH)]
_Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


class _Act(StrEnum):
    ACTIONED = "actioned"
    RESOLVED = "manually-resolved"


_ACTS = {"actioned": _Act.ACTIONED, "resolved": _Act.RESOLVED}


@app.callback()
def integration_events_commands() -> None:
    """List integration events, and mark those that are dealt with."""


@app.command("list")
def list_events(
    type_: _Type = None,
    integration: _Integration = None,
    text: _Text = None,
    since: Since = None,
    until: Until = None,
    include_actioned: Annotated[
        bool, typer.Option("--include-actioned", help="Also those marked as actioned.", rich_help_panel=_WHICH)
    ] = False,
    limit: Limit = 50,
    follow: Follow = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """List integration events, newest first. [dim]Those marked as actioned are hidden, not deleted.[/]"""
    with readable_failures(), connect(url, api_key) as client:
        listing = Listing(
            _PATH,
            _asked(type_, integration, text, since, until) | {"actioned": "all" if include_actioned else "no"},
            integration_event_cells,
            integration_event_below,
            lambda event: (event["id"], bool(event.get("actioned")), bool(event.get("resolved"))),
            "no integration event fits",
        )
        show(client, listing, limit, follow=follow, as_json=as_json)


@app.command(
    "resolved",
    help="Mark events as manually resolved: what they failed to do was done by hand on the receiver's side.",
)
@app.command("actioned", help="Mark events as actioned: somebody has seen to them. [dim]They leave the list.[/]")
def mark(
    context: typer.Context,
    ids: _Ids = None,
    every: _Every = False,
    type_: _Type = None,
    integration: _Integration = None,
    text: _Text = None,
    since: Since = None,
    until: Until = None,
    yes: _Yes = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """One function for both commands: they differ in the act, which is the command's name."""
    asked = (type_, integration, text, since, until)
    with readable_failures(), connect(url, api_key) as client:
        _act(client, _ACTS[str(context.info_name)], ids or [], every, asked, yes=yes, as_json=as_json)


def _asked(
    type_: str | None, integration: str | None, text: str | None, since: str | None, until: str | None
) -> dict[str, str | None]:
    times = asked_times(since, until, datetime.now(UTC))
    return {"type": type_, "integration": integration, "text": text, **times}


def _act(
    client: ApiClient,
    act: _Act,
    ids: Sequence[str],
    every: bool,
    asked: tuple[str | None, str | None, str | None, str | None, str | None],
    *,
    yes: bool,
    as_json: bool,
) -> None:
    if bool(ids) == every:
        raise Failed("name events by id, or --all with options that say which")
    # A list that shrinks while it is marked has no second page to trust, so it is read whole before.
    open_ones = {"actioned": "no"} if act is _Act.ACTIONED else {"actioned": "all", "resolved": "no"}
    unknown = []
    if every:
        found = items_of(client, _PATH, _asked(*asked) | open_ones)
        events = [{"id": item["id"], "source": item["source"]} for item in found]
    else:
        named = {event_id: _source_of(client, event_id) for event_id in ids}
        events = [{"id": each, "source": source} for each, source in named.items() if source is not None]
        unknown = [{"id": each} for each, source in named.items() if source is None]
    if every and not yes and events:
        typer.confirm(f"Mark {len(events):,} integration events as {act.replace('-', ' ')}?", abort=True, err=True)
    done: dict[str, Any] = {"done": 0, "already": 0, "unknown": unknown}
    with counted_progress("marking", "events", len(events)) as advance:
        rest = iter(events)
        while batch := list(islice(rest, _ACTS_A_REQUEST)):
            answer = client.post(f"{_PATH}/acts", {"act": act, "events": batch})
            done = {name: done[name] + answer[name] for name in done}
            advance(len(batch))
    if as_json:
        Console().print_json(data=done)
    else:
        already = f" [dim]({done['already']:,} were before)[/]" if done["already"] else ""
        Console(highlight=False).print(f"[green]✔[/] {done['done']:,} {act.replace('-', ' ')}{already}")
        for each in done["unknown"]:
            errors.print(f"[bold red]✗[/] no integration event {escape(str(each.get('id')))}")
    if done["unknown"]:
        raise typer.Exit(1)


def _source_of(client: ApiClient, event_id: str) -> str | None:
    """Id and source together name an event; people know it by its id."""
    try:
        trace = client.get(f"/v1/events/{quote(event_id, safe='')}/trace")
    except Refused as refusal:
        if refusal.status == 404:
            return None
        raise
    source: str = trace["event"]["source"]
    return source
