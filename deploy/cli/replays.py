"""`hookfleet replay`: send again what failed, or what was missed while an integration was disabled."""

from __future__ import annotations

import time
import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape

from deploy.cli.api_client import ApiClient
from deploy.cli.connection import DEFAULT_URL, ApiKey, AsJson, Url, connect
from deploy.cli.failures import Failed, errors, readable_failures
from deploy.cli.listing import Follow, Limit, Listing, show
from deploy.cli.progress import progress_bar
from deploy.cli.recorded_cells import progress_text, replay_below, replay_cells
from deploy.cli.run_view import has_ended, run_view
from deploy.cli.runs import read_run
from deploy.cli.time_spans import asked_times

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

_PATH = "/v1/replays"
_WATCH_SECONDS = 0.5
#: Seconds for the replayed run to show among the recorded ones.
_SHOWN_SECONDS = 30.0


class Selection(StrEnum):
    """Which runs are sent again."""

    FAILED = "failed"
    MISSED = "missed"
    BOTH = "both"


_Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the replay, as [bold]list[/] shows it.")]
_Background = Annotated[bool, typer.Option("--no-wait", help="Return at once; the fleet goes on by itself.")]


@app.callback()
def replay_commands() -> None:
    """Send runs again: one, or all that failed or were missed, oldest first."""


@app.command("run")
def replay_run(
    run_id: Annotated[str, typer.Argument(metavar="RUN", help="Id of the run.")],
    no_wait: _Background = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """Send one run's stored body again, with the same webhook-id and today's URL and signature."""
    console = Console(highlight=False)
    with readable_failures(), connect(url, api_key) as client:
        path = f"/v1/runs/{quote(run_id, safe='')}/replay"
        begun = client.post(path, idempotency_key=str(uuid.uuid4()))
        if no_wait:
            if as_json:
                console.print_json(data=begun)
            else:
                console.print(f"[green]✔[/] replayed as run [bold]{escape(begun['run_id'])}[/]")
            return
        with errors.status("waiting for the receiver"):
            run = _ended_run(client, begun["run_id"])
        if as_json:
            console.print_json(data=run)
        else:
            console.print(run_view(run, full=False))
    if run["status"] != "COMPLETED":
        raise typer.Exit(1)


@app.command("start")
def start(
    integration: Annotated[str, typer.Argument(metavar="INTEGRATION", help="Id of the integration.")],
    selection: Annotated[
        Selection, typer.Option("--what", help="Runs that failed, runs missed while it was disabled, or both.")
    ] = Selection.MISSED,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help="Triggered since then: 90m, 24h, 7d or a time.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="Triggered before then [dim](default: now)[/].")
    ] = None,
    rate: Annotated[float, typer.Option("--rate", min=0.1, help="Runs sent per second at most.")] = 10.0,
    no_wait: _Background = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """Send again what an integration failed to deliver, oldest first. [dim]Without --since: all that is offered.[/]"""
    with readable_failures(), connect(url, api_key) as client:
        times = asked_times(since, until, datetime.now(UTC))
        if times["since"] is None:
            times["since"] = _offered_since(client, integration)
        asked = {"integration": integration, "selection": selection.value, "rate_per_second": rate}
        asked |= {name: said for name, said in times.items() if said is not None}
        replay = client.post(_PATH, asked, idempotency_key=str(uuid.uuid4()))
        _end(client, replay, no_wait, as_json)


@app.command("list")
def list_replays(
    limit: Limit = 20, follow: Follow = False, url: Url = DEFAULT_URL, api_key: ApiKey = "", as_json: AsJson = False
) -> None:
    """List replays, newest first."""
    with readable_failures(), connect(url, api_key) as client:
        listing = Listing(
            _PATH,
            {},
            replay_cells,
            replay_below,
            lambda replay: (replay["id"], replay["status"], replay["sent"], replay["pending"]),
            "nothing was replayed yet",
        )
        show(client, listing, limit, follow=follow, as_json=as_json)


@app.command("watch")
def watch(replay_id: _Id, url: Url = DEFAULT_URL, api_key: ApiKey = "", as_json: AsJson = False) -> None:
    """Follow a replay to its end. [dim]Ctrl-C ends the watching, not the replay.[/]"""
    with readable_failures(), connect(url, api_key) as client:
        _end(client, _read(client, replay_id), False, as_json)


@app.command("cancel")
def cancel(replay_id: _Id, url: Url = DEFAULT_URL, api_key: ApiKey = "", as_json: AsJson = False) -> None:
    """Send no more of a replay. [dim]What was sent goes on.[/]"""
    with readable_failures(), connect(url, api_key) as client:
        replay = client.post(f"{_PATH}/{quote(replay_id, safe='')}/cancel")
        _end(client, replay, True, as_json)


def _read(client: ApiClient, replay_id: str) -> dict[str, Any]:
    replay: dict[str, Any] = client.get(f"{_PATH}/{quote(replay_id, safe='')}")
    return replay


def _offered_since(client: ApiClient, integration: str) -> str:
    offer = client.get(f"{_PATH}/offer", integration=integration)
    if offer["since"] is None:
        raise Failed(f"nothing of {integration} failed or was missed; --since TIME looks further back")
    since: str = offer["since"]
    return since


def _end(client: ApiClient, replay: dict[str, Any], no_wait: bool, as_json: bool) -> None:
    """Show the replay, once it has ended unless nobody waits."""
    if not no_wait:
        replay = _followed(client, replay)
    console = Console(highlight=False)
    if as_json:
        console.print_json(data=replay)
        return
    mark = "[cyan]…[/]" if _under_way(replay) else "[green]✔[/]"
    console.print(
        f"{mark} replay [bold]{escape(replay['id'])}[/] of {escape(replay['integration'])}: {replay['status']}, "
        f"{replay['sent']:,} of {replay['total']:,} sent:",
        progress_text(replay),
        soft_wrap=True,
    )
    if _under_way(replay):
        console.print(f"[dim]`hookfleet replay watch {escape(replay['id'])}` follows it to its end[/]")


def _under_way(replay: dict[str, Any]) -> bool:
    return bool(replay["status"] == "RUNNING" or replay["pending"])


def _followed(client: ApiClient, replay: dict[str, Any]) -> dict[str, Any]:
    with progress_bar("replaying", "runs") as bar:
        task = bar.add_task("", total=replay["total"])
        try:
            while _under_way(replay):
                bar.update(task, completed=replay["delivered"] + replay["failed"], total=replay["total"])
                time.sleep(_WATCH_SECONDS)
                replay = _read(client, replay["id"])
        except KeyboardInterrupt:
            errors.print("no longer watched; the replay goes on")
    return replay


def _ended_run(client: ApiClient, run_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + _SHOWN_SECONDS
    while True:
        run = read_run(client, run_id)
        if has_ended(run):
            return run
        if time.monotonic() > deadline:
            raise Failed(f"run {run_id} has not ended after {_SHOWN_SECONDS:.0f} s; see `hookfleet runs show --watch`")
        time.sleep(_WATCH_SECONDS)
