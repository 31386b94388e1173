"""Removals of persons' data, newest first by when each was last asked for."""

from services.event_recorder.acts.tables import removal_work
from services.event_recorder.core.cursors import Position
from services.event_recorder.queries.pages import Listing, Page, page
from services.event_recorder.queries.reader import Reader

SORT = ("requested_ms", "id")


def removals_page(
    reader: Reader, since_ms: int | None, until_ms: int | None, limit: int, after: Position | None
) -> Page:
    """One page of removals."""
    return page(reader, Listing(removal_work, SORT, since_ms=since_ms, until_ms=until_ms), limit, after)
