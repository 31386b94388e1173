"""Replays, newest first, with what has become of the runs that each has sent."""

from services.event_recorder.acts.replay_requests import Replay
from services.event_recorder.acts.replayed_runs import Progress, progress
from services.event_recorder.core.cursors import Position
from services.event_recorder.queries.pages import Listing, page_of
from services.event_recorder.queries.reader import Reader
from services.event_recorder.schema import replays

SORT = ("requested_ms", "id")


def replays_page(
    reader: Reader, since_ms: int | None, until_ms: int | None, limit: int, after: Position | None
) -> tuple[list[Replay], Position | None]:
    """One page of replays by when they were asked for, and where the next begins."""
    listing = Listing(replays, SORT, since_ms=since_ms, until_ms=until_ms)
    with reader.snapshot() as snapshot:
        page = page_of(snapshot, reader, listing, limit, after)
        found = progress(snapshot, reader.organization, [row["id"] for row in page.rows])
    return [Replay(dict(row), found.get(row["id"], Progress(0, 0, 0))) for row in page.rows], page.next
