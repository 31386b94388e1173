"""The comparison as a table for people and as a document for programs."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.markup import escape
from rich.table import Table

from bench.peers.comparison import Compared
from bench.peers.core.figures import Figures, Road, Spread
from bench.peers.measuring_place import MeasuringPlace


def tables(compared: Compared) -> list[Table]:
    """A table for each road with a line a contender; those that could not take part stand below with their reason."""
    return [_table(compared, road) for road in Road]


def _table(compared: Compared, road: Road) -> Table:
    missing = [f"{name} could not take part: {reason}" for its, name, reason in compared.unavailable if its is road]
    shown = Table(
        title=f"{road.value}, events of 1 KB to one receiver, no TLS",
        title_justify="left",
        caption=escape("\n".join(missing)) or None,
        caption_justify="left",
        box=None,
        pad_edge=False,
        header_style="dim",
    )
    shown.add_column("contender", no_wrap=True)
    for column in ("CPU µs", "per s", "arrived", "lost", "dupl."):
        shown.add_column(column, justify="right")
    shown.add_column("beside it, CPU µs", style="dim", no_wrap=True)
    for figures in compared.figures:
        if figures.contender.road is road:
            shown.add_row(*_cells(figures))
    return shown


def document(compared: Compared, place: MeasuringPlace, *, events_in_a_round: int) -> dict[str, Any]:
    """For the JSON file."""
    return {
        **asdict(place),
        "stores": compared.stores,
        "events_in_a_round": events_in_a_round,
        "contenders": [figures.document() for figures in compared.figures],
        "unavailable": [
            {"road": road.value, "name": name, "reason": reason} for road, name, reason in compared.unavailable
        ],
    }


def _cells(figures: Figures) -> list[str]:
    own = figures.contender
    return [
        f"{own.name}\n[dim]{own.version}, {own.licence}[/]",
        _with_range(figures.cpu),
        f"{figures.per_second.median:,.0f}",
        f"{figures.delivered:,}",
        _alarming(figures.lost),
        _alarming(figures.duplicates),
        "\n".join(f"{part} {microseconds:,.0f}" for part, microseconds in figures.beside.items()),
    ]


def _with_range(spread: Spread) -> str:
    """The median and, below it, lowest and highest where there were several rounds."""
    between = f"\n[dim]{spread.low:,.0f}-{spread.high:,.0f}[/]" if spread.low != spread.high else ""
    return f"{spread.median:,.0f}{between}"


def _alarming(count: int) -> str:
    return f"[red]{count:,}[/]" if count else "0"
