"""System events that are still kept, newest first by when they were accepted.

Two sources may use one id in one millisecond, so the source breaks ties too.
"""

from dataclasses import dataclass

from services.event_recorder.core.cursors import Position
from services.event_recorder.queries.pages import Check, Listing, Page, page
from services.event_recorder.queries.reader import Reader
from services.event_recorder.schema import events

SORT = ("accepted_ms", "id", "source")


@dataclass(frozen=True, slots=True)
class RecentEventFilter:
    """Which events; None asks for all."""

    type: str | None = None
    subject: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None


def recent_events_page(reader: Reader, wanted: RecentEventFilter, limit: int, after: Position | None) -> Page:
    """One page of events."""
    return page(reader, listing_of(wanted), limit, after)


def listing_of(wanted: RecentEventFilter) -> Listing:
    """How the events are read: through which index, and what is checked besides."""
    indexed: list[Check] = []
    checked: list[Check] = []
    if wanted.type is not None:
        indexed.append(lambda columns: columns.type == wanted.type)
    if wanted.subject is not None:
        checked.append(lambda columns: columns.subject == wanted.subject)
    return Listing(events, SORT, indexed, checked, wanted.since_ms, wanted.until_ms)
