"""One run and everything that was recorded about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from services.event_recorder.queries.pages import page_of
from services.event_recorder.queries.reader import Found, Reader, rows_of
from services.event_recorder.queries.runs import RunFilter, listing_of, outcomes_read
from services.event_recorder.schema import attempts, outcomes, runs, skips

#: Runs that came from this one which are named, the newest; the listing by origin has them all.
MAX_REPLAYS: Final = 100


@dataclass(frozen=True, slots=True)
class RunDetails:
    """Attempts, outcomes and skips in the order of their topics; ``replays`` came from this run, newest first."""

    run: Found
    outcomes_read: int
    attempts: Sequence[Found]
    outcomes: Sequence[Found]
    skips: Sequence[Found]
    replays: Sequence[Found]


def run_details(reader: Reader, run_id: str) -> RunDetails | None:
    """None when no run of the organization has this id."""
    with reader.snapshot() as snapshot:
        found = rows_of(snapshot, select(runs).where(reader.owns(runs), runs.c.run_id == run_id))
        if not found:
            return None
        its_attempts, its_outcomes, its_skips = [
            rows_of(
                snapshot,
                select(table)
                .where(reader.owns(table), table.c.run_id == run_id)
                .order_by(table.c.topic_partition, table.c.topic_offset),
            )
            for table in (attempts, outcomes, skips)
        ]
        replays = page_of(snapshot, reader, listing_of(RunFilter(origin_run_id=run_id)), MAX_REPLAYS, None)
        read = outcomes_read(snapshot, reader, found).get(run_id, 0)
        return RunDetails(found[0], read, its_attempts, its_outcomes, its_skips, replays.rows)
