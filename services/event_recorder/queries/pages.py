"""A page of a listing: bounded work, whatever is filtered by and however many rows there are.

A listing is read through the one index that answers its *indexed* conditions in the listing's order, from the row after
the cursor's, so page one million costs what page one does. Conditions that no index answers as well (a text, two
filters at once) are *checked* on what the index gives, `SCANNED_ROWS` of them at most: then the page ends, perhaps with
few rows or none, and its ``next`` goes on where the scan ended. The alternative, to read on until the page is full,
would let one rare word read a whole table.

The limited scan stands in a subquery of its own, over which no planner moves a condition, so the index stays the one
that was meant, whatever the statistics of the day say.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, Table, literal, select, tuple_

from services.event_recorder.core.cursors import Position
from services.event_recorder.queries.reader import Found, Reader, rows_of

#: Rows that one page looks at, at most: some 20 ms of either engine's time.
SCANNED_ROWS: Final = 10_000

#: A condition over columns, taken from a table or from a subquery of it.
Check = Callable[[Any], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Listing:
    """Which rows, newest first. ``sort`` names a time in milliseconds and the columns that break its ties;
    ``since_ms`` is the first instant that counts, ``until_ms`` the first that does not."""

    table: Table
    sort: tuple[str, ...]
    indexed: Sequence[Check] = ()
    checked: Sequence[Check] = ()
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Rows newest first; ``next`` is where the following page begins, None on the last one."""

    rows: Sequence[Found]
    next: Position | None


def page(reader: Reader, listing: Listing, limit: int, after: Position | None) -> Page:
    """At most ``limit`` rows, after ``after``."""
    with reader.snapshot() as snapshot:
        return page_of(snapshot, reader, listing, limit, after)


def page_of(snapshot: Connection, reader: Reader, listing: Listing, limit: int, after: Position | None) -> Page:
    """The same within a snapshot that is asked more than this."""
    scan = _scan(reader, listing, after)
    # One row more than asked for tells whether there is a next page.
    if not listing.checked:
        rows = rows_of(snapshot, scan.limit(limit + 1))
    else:
        scanned = scan.limit(SCANNED_ROWS).subquery("scanned")
        passing = select(scanned).where(*(check(scanned.c) for check in listing.checked))
        # Rows pass in the order of the scan. To ask for that order again would make SQLite sort the whole scan, wide as
        # its rows are, where it can stop once the page is full.
        rows = rows_of(snapshot, passing.limit(limit + 1))
    if len(rows) > limit:
        return Page(rows[:limit], _position(listing, rows[limit - 1]))
    return Page(rows, _end_of_scan(snapshot, listing, scan) if listing.checked else None)


def _scan(reader: Reader, listing: Listing, after: Position | None) -> Select[Any]:
    table = listing.table
    time_ms = table.c[listing.sort[0]]
    conditions = [reader.owns(table), *(check(table.c) for check in listing.indexed)]
    if listing.since_ms is not None:
        conditions.append(time_ms >= listing.since_ms)
    if listing.until_ms is not None:
        conditions.append(time_ms < listing.until_ms)
    if after is not None:
        here = tuple_(*(table.c[name] for name in listing.sort))
        conditions.append(here < tuple_(literal(after.time_ms), *(literal(each) for each in after.ids)))
    return select(table).where(*conditions).order_by(*(table.c[name].desc() for name in listing.sort))


def _end_of_scan(snapshot: Connection, listing: Listing, scan: Select[Any]) -> Position | None:
    """The last row that was looked at, when there may be more behind it."""
    keys = scan.with_only_columns(*(listing.table.c[name] for name in listing.sort))
    last = rows_of(snapshot, keys.limit(1).offset(SCANNED_ROWS - 1))
    return _position(listing, last[0]) if last else None


def _position(listing: Listing, row: Found) -> Position:
    return Position(row[listing.sort[0]], tuple(row[name] for name in listing.sort[1:]))
