"""`hookfleet mappings`: the ids by which external systems know entities: list them, look them up, import a table."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cli.api_client import ApiClient, Refused, Unreachable
from deploy.cli.connection import DEFAULT_URL, ApiKey, AsJson, Url, connect
from deploy.cli.failures import Failed, errors, readable_failures, show_faults
from deploy.cli.listing import items_of
from deploy.cli.mapping_files import FIELDS, judge_mappings, parse_mappings
from deploy.cli.mapping_import import Imported, import_mappings
from deploy.cli.progress import counted_progress

app = typer.Typer(no_args_is_help=True, rich_markup_mode="rich")

#: Bad lines shown one by one; the rest are counted. JSON has all.
_FAULTS_SHOWN = 20
_ENTITY = "From an entity"
_EXTERNAL = "From an external id"
_Limit = Annotated[int, typer.Option("--limit", min=1, help="Mappings shown at most.")]


@app.command("list")
def list_mappings(limit: _Limit = 100, url: Url = DEFAULT_URL, api_key: ApiKey = "", as_json: AsJson = False) -> None:
    """List mappings by id."""
    with readable_failures(), connect(url, api_key) as client:
        _show_some(client, limit, as_json)


@app.command("find")
def find_mappings(
    entity_type: Annotated[
        str | None, typer.Option("--entity-type", help="Kind of the entity, e.g. bill.", rich_help_panel=_ENTITY)
    ] = None,
    entity_id: Annotated[
        str | None, typer.Option("--entity-id", help="Its id in events.", rich_help_panel=_ENTITY)
    ] = None,
    external_system: Annotated[
        str | None, typer.Option("--external-system", help="The other system.", rich_help_panel=_EXTERNAL)
    ] = None,
    external_id: Annotated[
        str | None, typer.Option("--external-id", help="The id there.", rich_help_panel=_EXTERNAL)
    ] = None,
    external_table: Annotated[
        str | None, typer.Option("--external-table", help="Only of this table; narrows either.")
    ] = None,
    limit: _Limit = 100,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """Look up mappings of an entity, or of an external id. [dim]Exit code 1 when there is none.[/]"""
    with readable_failures(), connect(url, api_key) as client:
        asked = {
            "entity_type": entity_type,
            "entity_id": entity_id,
            "external_system": external_system,
            "external_table": external_table,
            "external_id": external_id,
        }
        if not any(asked.values()):
            raise Failed("say what to look for: --entity-type and --entity-id, or --external-system and --external-id")
        if not _show_some(client, limit, as_json, **asked):
            raise Failed("no mapping answers; `hookfleet mappings import` creates some")


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV or JSON, by the ending of its name.")],
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """Create or update mappings from a table. [dim]Importing the same file again changes nothing.[/]

    A CSV file begins with the column names [bold]entity_type, entity_id, external_system, external_table,
    external_id[/]; a JSON file is one array of objects with these fields. Nothing is written of a file in which a line
    is wrong by itself. A line that the fleet refuses is named, the others are written; exit code 1.
    """
    console = Console(highlight=False)
    imported = Imported()
    with readable_failures(), connect(url, api_key) as client:
        lines, faults = parse_mappings(str(file), _text_of(file))
        faults += judge_mappings(lines)
        if faults:
            raise Failed(f"nothing imported, {len(faults):,} fault(s){_first_of(faults)}:", faults[:_FAULTS_SHOWN])
        try:
            with counted_progress("importing", "mappings", len(lines)) as advance:
                import_mappings(client, lines, imported, advance)
        except (Refused, Unreachable):
            written = sum(imported.changes.values())
            errors.print(f"{written:,} of {len(lines):,} were written before; import the file again to go on")
            raise
        if as_json:
            console.print_json(data=_as_document(imported))
        else:
            _show_imported(console, imported)
    if imported.refused:
        raise typer.Exit(1)


def _show_some(client: ApiClient, limit: int, as_json: bool, **asked: str | None) -> int:
    """Print what ``asked`` finds, ``limit`` at most; how many that were."""
    console = Console(highlight=False)
    items = list(islice(items_of(client, "/v1/mappings", asked, limit + 1), limit + 1))
    shown = items[:limit]
    if as_json:
        console.print_json(data={"items": shown, "more": len(items) > limit})
        return len(shown)
    if shown:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("id", *FIELDS):
            table.add_column(column.replace("_", " "), overflow="fold")
        for each in shown:
            table.add_row(each["id"], *(escape(each["spec"][field]) for field in FIELDS))
        console.print(table)
    if len(items) > limit:
        console.print(f"\n[dim]the first {limit:,}; --limit shows more[/]")
    return len(shown)


def _text_of(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"cannot read {file}: {error}") from None


def _first_of(faults: list[Any]) -> str:
    return f", the first {_FAULTS_SHOWN}" if len(faults) > _FAULTS_SHOWN else ""


def _show_imported(console: Console, imported: Imported) -> None:
    counts = ", ".join(
        f"{imported.changes[change]:,} {change}"
        for change in ("created", "updated", "unchanged")
        if change in imported.changes
    )
    if counts:
        console.print(f"[green]✔[/] {counts}")
    if imported.refused:
        errors.print(f"[bold red]✗[/] {imported.refused:,} refused{_first_of(imported.faults)}:")
        show_faults(imported.faults[:_FAULTS_SHOWN])


def _as_document(imported: Imported) -> dict[str, Any]:
    return {
        **imported.changes,
        "refused": imported.refused,
        "errors": [{"field": fault.field, "message": fault.message, "fix": fault.fix} for fault in imported.faults],
    }
