"""What one event led to. An id alone may name several events: only with its source it names one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select, union

from services.event_recorder.queries.reader import Found, Reader, rows_of
from services.event_recorder.queries.runs import outcomes_read
from services.event_recorder.schema import events, integration_events, matches, runs

#: Runs of one event that a trace holds, the oldest; the listing by event has them all.
MAX_RUNS: Final = 1_000
#: Sources of one event id that are named.
_MAX_SOURCES: Final = 20


@dataclass(frozen=True, slots=True)
class Trace:
    """What is known of one event; each part may be missing while records are still coming in. ``event`` has its
    ``document`` and ``accepted_ms``, and is deleted after a while. ``complete`` is false when there are more runs."""

    event: Found | None
    match: Found | None
    runs: Sequence[Found]
    outcomes_read: dict[str, int]
    complete: bool


def sources_of(reader: Reader, event_id: str) -> list[str]:
    """The sources whose events have this id, as many as can be named."""
    told = (
        (events, events.c.source, events.c.id),
        (integration_events, integration_events.c.source, integration_events.c.id),
        (matches, matches.c.event_source, matches.c.event_id),
        (runs, runs.c.event_source, runs.c.event_id),
    )
    known = union(
        *(
            select(source.label("source")).where(reader.owns(table), its_id == event_id)
            for table, source, its_id in told
        )
    )
    with reader.snapshot() as snapshot:
        return sorted(snapshot.execute(known.limit(_MAX_SOURCES)).scalars())


def trace_of(reader: Reader, source: str, event_id: str) -> Trace:
    """Everything known of the event, which may be an integration event: rules match those too."""
    statements = (
        select(events.c.document, events.c.accepted_ms).where(
            reader.owns(events), events.c.id == event_id, events.c.source == source
        ),
        select(integration_events.c.document, integration_events.c.time_ms.label("accepted_ms")).where(
            reader.owns(integration_events),
            integration_events.c.id == event_id,
            integration_events.c.source == source,
        ),
        select(matches).where(reader.owns(matches), matches.c.event_id == event_id, matches.c.event_source == source),
        select(runs)
        .where(reader.owns(runs), runs.c.event_id == event_id, runs.c.event_source == source)
        .order_by(runs.c.created_ms, runs.c.run_id)
        .limit(MAX_RUNS + 1),
    )
    with reader.snapshot() as snapshot:
        event, integration_event, match, of_event = [rows_of(snapshot, each) for each in statements]
        shown = of_event[:MAX_RUNS]
        return Trace(
            next(iter(event + integration_event), None),
            next(iter(match), None),
            shown,
            outcomes_read(snapshot, reader, shown),
            complete=len(of_event) <= MAX_RUNS,
        )
