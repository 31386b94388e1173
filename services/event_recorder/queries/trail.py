"""Who did what and when, newest first."""

from dataclasses import dataclass

from services.event_recorder.core.cursors import Position
from services.event_recorder.queries.pages import Check, Listing, Page, page
from services.event_recorder.queries.reader import Reader
from services.event_recorder.schema import trail

SORT = ("at_ms", "id")


@dataclass(frozen=True, slots=True)
class TrailFilter:
    """Which acts; None asks for all."""

    act: str | None = None
    by: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None


def trail_page(reader: Reader, wanted: TrailFilter, limit: int, after: Position | None) -> Page:
    """One page of acts."""
    return page(reader, listing_of(wanted), limit, after)


def listing_of(wanted: TrailFilter) -> Listing:
    """Acts are rare beside runs: both filters are checked on what the index by time gives."""
    checked: list[Check] = []
    if wanted.act is not None:
        checked.append(lambda columns: columns.act == wanted.act)
    if wanted.by is not None:
        checked.append(lambda columns: columns.by == wanted.by)
    return Listing(trail, SORT, (), checked, wanted.since_ms, wanted.until_ms)
