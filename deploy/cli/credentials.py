"""`hookfleet credentials`: rotate signing secrets, help receivers to verify them, seal everything with a new key."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

import typer
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from deploy.cli.connection import DEFAULT_URL, ApiKey, AsJson, Url, connect
from deploy.cli.failures import Failed, readable_failures

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

_Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the credential.")]


@app.callback()
def credentials() -> None:
    """Rotate signing secrets, verify signatures, seal anew.

    [dim]A rotation is two acts: [bold]rotate[/] adds a secret and every request carries a signature of each; when all
    receivers know the new one, [bold]retire[/] ends the others.[/]
    """


@app.command("rotate")
def rotate(credential: _Id, url: Url = DEFAULT_URL, api_key: ApiKey = "", as_json: AsJson = False) -> None:
    """Sign with a new secret beside the live ones. [dim]It is shown once, now and never again.[/]"""
    console = Console(highlight=False)
    with readable_failures(), connect(url, api_key) as client:
        document = client.post(f"{_path(credential)}/rotate")
        if as_json:
            console.print_json(data=document)
            return
        show_secret(console, "credential", credential, document["secret"])
        console.print(
            f"{document['live_secrets']} secrets sign now. When every receiver has the new one: "
            f"hookfleet credentials retire {credential}",
            markup=False,
        )


@app.command("retire")
def retire(credential: _Id, url: Url = DEFAULT_URL, api_key: ApiKey = "", as_json: AsJson = False) -> None:
    """Sign with the newest secret alone. [dim]Receivers that know only an older one refuse from now on.[/]"""
    console = Console(highlight=False)
    with readable_failures(), connect(url, api_key) as client:
        document = client.post(f"{_path(credential)}/retire")
        if as_json:
            console.print_json(data=document)
        else:
            console.print(f"[green]✔[/] {escape(credential)} signs with its newest secret alone")


@app.command("snippet")
def snippet(
    credential: _Id,
    language: Annotated[str, typer.Option("--language", "-l", metavar="NAME", help="python or javascript.")] = "python",
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Print code with which a receiver verifies signatures, and nothing else. [dim]It holds no secret.[/]"""
    with readable_failures(), connect(url, api_key) as client:
        items: list[dict[str, Any]] = client.get(f"{_path(credential)}/snippets")["items"]
        found = next((each for each in items if each["language"] == language), None)
        if found is None:
            raise Failed(f"there is none for {language}: use {' or '.join(each['language'] for each in items)}")
        typer.echo(found["code"], nl=False)


@app.command("reseal")
def reseal(url: Url = DEFAULT_URL, api_key: ApiKey = "", as_json: AsJson = False) -> None:
    """Seal with the first sealing key what an older one sealed. [dim]Asking twice changes nothing.[/]"""
    console = Console(highlight=False)
    with readable_failures(), connect(url, api_key) as client:
        with console.status("sealing"):
            done = client.post("/v1/credentials/reseal")
        if as_json:
            console.print_json(data=done)
        else:
            console.print(
                f"[green]✔[/] {done['sealed_anew']} sealed anew, {done['up_to_date']} were up to date; "
                "for this organization the older keys may go"
                if not done["unopenable"]
                else f"{done['sealed_anew']} sealed anew, {done['up_to_date']} were up to date"
            )
        if done["unopenable"]:
            raise Failed(
                f"no key of the file opens {', '.join(done['unopenable'])}: add the key that sealed them, or supply "
                "their secrets anew"
            )


def show_secret(console: Console, kind: str, resource_id: str, secret: str) -> None:
    """A secret, the one time it is shown."""
    console.print(
        Panel(
            f"[bold]{secret}[/]\n[dim]Give it to whoever checks the signatures. "
            "It is shown this once and never again.[/]",
            title=f"secret of {kind} {resource_id}",
            title_align="left",
            border_style="yellow",
            expand=False,
        )
    )


def _path(credential: str) -> str:
    return f"/v1/credentials/{quote(credential, safe='')}"
