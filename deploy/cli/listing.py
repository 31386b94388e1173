"""Listings of the query API on a terminal: pages joined up to a limit, as lines or JSON, and followed as rows arrive.

The server sorts newest first and pages by cursor, so a listing costs what is shown of it. Following asks for the
newest again and again and prints, oldest first, what is new or has changed. It looks for changes among the newest
rows alone: a run that ends long after it began is followed by its own id (`hookfleet runs show`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from deploy.cli.api_client import ApiClient

Item = Mapping[str, Any]

#: As many as the server gives at once.
_PAGE = 200
_FOLLOW_SECONDS = 1.0
#: States remembered while following; far more than the pages that are asked for again.
_REMEMBERED = 20_000

Limit = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Show the newest N.")]
Follow = Annotated[bool, typer.Option("--follow", "-f", help="Go on and show what is new or changes, until Ctrl-C.")]


@dataclass(frozen=True, slots=True)
class Listing:
    """One listing: where it is asked for, an item's cells and the lines below them, and what of an item makes it worth
    showing again when it changes."""

    path: str
    asked: Mapping[str, str | None]
    cells: Callable[[Item], Sequence[Text]]
    below: Callable[[Item], Sequence[Text]]
    state: Callable[[Item], Hashable]
    nothing: str


def items_of(client: ApiClient, path: str, asked: Mapping[str, str | None], page_size: int = _PAGE) -> Iterator[Item]:
    """Every item of a listing, page after page."""
    cursor: str | None = None
    while True:
        page = client.get(path, limit=str(min(page_size, _PAGE)), cursor=cursor, **asked)
        yield from page["items"]
        cursor = page["next"]
        if cursor is None:
            return


def show(client: ApiClient, listing: Listing, limit: int, *, follow: bool, as_json: bool) -> None:
    """Print the newest ``limit`` items; with ``follow``, oldest first and without end."""
    console = Console(highlight=False)
    found = list(islice(items_of(client, listing.path, listing.asked, limit + 1), limit if follow else limit + 1))
    if follow:
        _follow(client, listing, found, console, as_json)
    elif as_json:
        console.print_json(data={"items": found[:limit], "more": len(found) > limit})
    elif not found:
        console.print(f"[dim]{listing.nothing}[/]")
    else:
        lines = AlignedLines(console, listing, found[:limit])
        for item in found[:limit]:
            lines.print(item)
        if len(found) > limit:
            console.print(f"\n[dim]the newest {limit:,}; --limit N shows more[/]")


def _follow(client: ApiClient, listing: Listing, newest_first: Sequence[Item], console: Console, as_json: bool) -> None:
    line = _print_json if as_json else AlignedLines(console, listing, newest_first).print
    seen: dict[Hashable, None] = {}
    unseen = list(newest_first)
    try:
        while True:
            for item in reversed(unseen):
                seen[listing.state(item)] = None
                line(item)
            for old in list(islice(seen, max(0, len(seen) - _REMEMBERED))):
                del seen[old]
            time.sleep(_FOLLOW_SECONDS)
            unseen = news(items_of(client, listing.path, listing.asked), seen, listing.state)
    except KeyboardInterrupt:
        console.print()


def news(newest_first: Iterator[Item], seen: Mapping[Hashable, None], state: Callable[[Item], Hashable]) -> list[Item]:
    """What is new or has changed among the newest: page after page while a whole page is new, so that a burst between
    two looks is shown in full."""
    found: list[Item] = []
    while page := list(islice(newest_first, _PAGE)):
        fresh = [item for item in page if state(item) not in seen]
        found += fresh
        if len(fresh) < len(page) or not seen:
            break
    return found


class AlignedLines:
    """A line an item, its cells below each other and each as wide as the widest so far; what needs room stands below.

    So an id is never cut, however narrow the terminal: it is there to be copied.
    """

    def __init__(self, console: Console, listing: Listing, known: Sequence[Item] = ()) -> None:
        self._console = console
        self._listing = listing
        self._widths: list[int] = []
        for item in known:
            self._widen(listing.cells(item))

    def print(self, item: Item) -> None:
        """Print one item."""
        cells = [cell.copy() for cell in self._listing.cells(item)]
        self._widen(cells)
        for cell, width in zip(cells[:-1], self._widths, strict=False):
            cell.pad_right(width - cell.cell_len)
        self._console.print(Text("  ").join(cells), soft_wrap=True)
        for line in self._listing.below(item):
            self._console.print(Padding(line, (0, 0, 0, 2), expand=False))

    def _widen(self, cells: Sequence[Text]) -> None:
        widths = self._widths or [0] * len(cells)
        self._widths = [max(width, cell.cell_len) for width, cell in zip(widths, cells, strict=True)]


def _print_json(item: Item) -> None:
    typer.echo(json.dumps(item, separators=(",", ":")))
