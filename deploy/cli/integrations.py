"""`hookfleet integrations`: enable one that was disabled."""

from __future__ import annotations

import time
from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape

from deploy.cli.api_client import ApiClient, Refused
from deploy.cli.connection import DEFAULT_URL, ApiKey, AsJson, Url, connect
from deploy.cli.failures import Failed, errors, readable_failures

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

#: Seconds for the disabler to answer a request.
_ANSWER_SECONDS = 30.0
_ASK_SECONDS = 0.2


@app.callback()
def integrations() -> None:
    """Enable integrations that were disabled."""


@app.command("enable")
def enable(
    integration: Annotated[str, typer.Argument(metavar="ID", help="Id of the integration.")],
    reason: Annotated[str | None, typer.Option("--reason", help="Kept with the state for who reads it.")] = None,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """Enable an integration and start its failure count anew. [dim]Returns when it is enabled.[/]"""
    console = Console(highlight=False)
    with readable_failures(), connect(url, api_key) as client:
        with console.status("waiting for the disabler's answer"):
            state = enable_and_wait(client, integration, reason)
        if as_json:
            console.print_json(data=state)
        else:
            console.print(
                f"[green]✔[/] {escape(integration)} is enabled [dim](epoch {state['epoch']}: earlier failures "
                "no longer count)[/]"
            )
            _offer_replay(console, client, integration)


def _offer_replay(console: Console, client: ApiClient, integration: str) -> None:
    """Say what failed or was missed meanwhile, and how it is sent again."""
    try:
        offer = client.get("/v1/replays/offer", integration=integration)
    except Refused as refusal:
        errors.print(f"[yellow]![/] what was missed is not known now: {escape(str(refusal))}")
        return
    if not offer["since"]:
        return
    console.print(
        f"{offer['missed']:,} runs were missed and {offer['failed']:,} failed since {offer['since']}; to send"
    )
    console.print("them again, oldest first:")
    console.print(f"  [bold]hookfleet replay start {escape(integration)} --what both[/]", soft_wrap=True)


def enable_and_wait(client: ApiClient, integration: str, reason: str | None) -> dict[str, Any]:
    """The state after the disabler has answered. Raises Failed when it does not answer in time."""
    path = f"/v1/integrations/{quote(integration, safe='')}"
    client.post(f"{path}/enable", {"reason": reason} if reason else None)
    deadline = time.monotonic() + _ANSWER_SECONDS
    while time.monotonic() < deadline:
        state: dict[str, Any] = client.get(path)["state"]
        if state["enabled"]:
            return state
        time.sleep(_ASK_SECONDS)
    raise Failed(
        f"{integration} is not enabled after {_ANSWER_SECONDS:.0f} s: the request stands on the topic and is "
        "answered when a disabler runs"
    )
