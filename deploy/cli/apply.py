"""`hookfleet apply`: make the fleet's configuration what the files say."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from deploy.cli.api_client import ApiClient, Refused
from deploy.cli.connection import DEFAULT_URL, ApiKey, AsJson, Url, connect
from deploy.cli.credentials import show_secret
from deploy.cli.failures import Failed, readable_failures
from deploy.cli.resource_files import Declared, judge, parse, put_back, read_files
from shared.core.faults import Fault

_MARKS = {"created": "[green]+[/]", "updated": "[yellow]~[/]", "unchanged": "[dim]=[/]"}


def apply(
    file: Annotated[
        Path,
        typer.Option("--file", "-f", metavar="FILE|DIR|-", help="YAML file, folder of YAML files, or - for stdin."),
    ],
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """Make the configuration what the files say. [dim]All of it or, if anything is wrong, nothing.[/]

    Each YAML document declares one resource: [bold]kind[/] (webhook, notification-rule, credential, integration,
    mapping), [bold]id[/] and [bold]spec[/]. Applying the same files again changes nothing. A secret that signs is
    generated and shown once, now and never again. Other secrets stand in the file when it is first applied and may then
    be left out.
    """
    console = Console(highlight=False)
    with readable_failures(), connect(url, api_key) as client:
        answers = apply_documents(client, read_documents(file))
        if as_json:
            console.print_json(data={"resources": answers})
        else:
            _show(console, answers)


def read_documents(path: Path) -> list[Declared]:
    """Every document of a file or folder. Raises Failed with all faults when any is wrong."""
    return checked_documents(read_files(path))


def checked_documents(files: list[tuple[str, str]]) -> list[Declared]:
    """The documents of (name, text) pairs. Raises Failed with all faults when any is wrong."""
    documents: list[Declared] = []
    faults: list[Fault] = []
    for name, text in files:
        found, unreadable = parse(name, text)
        documents += found
        faults += unreadable
    faults += judge(documents)
    if faults:
        raise Failed(f"nothing applied, {len(faults)} fault(s):", faults)
    if not documents:
        raise Failed("nothing to apply: the files hold no document")
    return documents


def apply_documents(client: ApiClient, documents: list[Declared]) -> list[dict[str, Any]]:
    """What became of each resource. Raises Failed with the server's faults, put back to their documents."""
    try:
        answer = client.post("/v1/apply", {"resources": [each.content for each in documents]})
    except Refused as refusal:
        if not refusal.faults:
            raise
        faults = put_back(refusal.faults, documents)
        raise Failed(f"nothing applied, {len(faults)} fault(s):", faults) from None
    resources: list[dict[str, Any]] = answer["resources"]
    return resources


def _show(console: Console, answers: list[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for column in ("", "kind", "id", "version", ""):
        table.add_column(column, justify="right" if column == "version" else "left")
    for each in answers:
        style = "dim" if each["change"] == "unchanged" else ""
        table.add_row(
            *(_MARKS[each["change"]], each["kind"], each["id"], str(each["version"]), each["change"]),
            style=style,
        )
    console.print(table)
    counts = [
        f"{number} {change}" for change in _MARKS if (number := sum(each["change"] == change for each in answers))
    ]
    console.print(f"\n{', '.join(counts)}")
    for each in answers:
        if "secret" in each:
            show_secret(console, each["kind"], each["id"], each["secret"])
