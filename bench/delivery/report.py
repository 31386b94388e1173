"""Results on the screen and in files: tables, accounts, JSON, markdown and pictures."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table as RichTable

from bench.delivery.core.accounting import Account
from bench.delivery.core.tables import Table, figure
from bench.delivery.machine import in_words
from bench.delivery.scenario import Result


def accounts_table(results: Mapping[str, Result]) -> Table:
    """Every point with what was lost and what came twice."""
    rows = [
        (f"{name}: {point}", *(figure(each, 0) for each in dataclasses.astuple(account)))
        for name, result in results.items()
        for point, account in result.accounts.items()
    ]
    return Table("Deliveries of every point", ("", "expected", "delivered", "lost", "duplicates"), tuple(rows))


def show(console: Console, table: Table) -> None:
    """In the terminal."""
    shown = RichTable(title=table.title, caption=table.note or None, title_justify="left", caption_justify="left")
    for place, column in enumerate(table.columns):
        shown.add_column(column, justify="left" if place == 0 else "right", overflow="fold")
    for row in table.rows:
        shown.add_row(*row)
    console.print()
    console.print(shown)


def draw(results: Mapping[str, Result], folder: Path) -> list[Path]:
    """Every picture as PNG into ``folder``; the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for result in results.values():
        for name, picture in result.pictures.items():
            files.append(folder / f"{name}.png")
            picture(files[-1])
    return files


def write_json(file: Path, machine: Mapping[str, Any], seconds: float, results: Mapping[str, Result]) -> None:
    """Everything that was found; ``seconds`` of a point."""
    document = {
        "machine": machine,
        "seconds_a_point": seconds,
        "scenarios": {
            name: {
                "figures": result.figures,
                "accounts": {point: dataclasses.asdict(account) for point, account in result.accounts.items()},
                "broken": list(result.broken),
            }
            for name, result in results.items()
        },
    }
    file.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def write_markdown(file: Path, machine: Mapping[str, Any], seconds: float, results: Mapping[str, Result]) -> None:
    """The tables as documentation shows them."""
    parts = [f"{in_words(machine)} {seconds:g} s a point.", ""]
    for name, result in results.items():
        parts += [f"### {name}", "", *(table.markdown() for table in result.tables)]
    parts.append(accounts_table(results).markdown())
    file.write_text("\n".join(parts))


def broken(results: Mapping[str, Result]) -> list[str]:
    """One sentence for each thing that must hold and does not: whatever was lost, and what scenarios found."""
    said = []
    for name, result in results.items():
        said += [f"{name}, {point}: {_lost(account)}" for point, account in result.accounts.items() if account.lost]
        said += [f"{name}: {each}" for each in result.broken]
    return said


def _lost(account: Account) -> str:
    return f"{account.lost:,} of {account.expected:,} deliveries did not arrive"
