"""Integration events: what became of runs and integrations, newest first.

The index that a listing reads is chosen here: by type, by integration or by time alone, and of each the partial one
when only what nobody has actioned yet is asked for, which is what the page of integration events shows by default.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from services.event_recorder.core.cursors import Position
from services.event_recorder.queries.configuration import integration_names
from services.event_recorder.queries.pages import Check, Listing, page_of
from services.event_recorder.queries.reader import Found, Reader
from services.event_recorder.schema import integration_events, runs

SORT = ("time_ms", "id")


@dataclass(frozen=True, slots=True)
class IntegrationEventFilter:
    """Which events; None asks for all. ``words`` must all stand in the event's message; ASCII letters match in
    either case."""

    type: str | None = None
    integration_id: str | None = None
    actioned: bool | None = False
    resolved: bool | None = None
    words: tuple[str, ...] = ()
    since_ms: int | None = None
    until_ms: int | None = None


@dataclass(frozen=True, slots=True)
class IntegrationEventPage:
    """``names`` are of integrations by id; ``deciding`` holds by run id where on its topic the outcome stands that
    counts."""

    rows: Sequence[Found]
    next: Position | None
    names: dict[str, str]
    deciding: dict[str, int | None]


def integration_events_page(
    reader: Reader, wanted: IntegrationEventFilter, limit: int, after: Position | None
) -> IntegrationEventPage:
    """One page, and what its items say besides."""
    with reader.snapshot() as snapshot:
        page = page_of(snapshot, reader, listing_of(wanted), limit, after)
        run_ids = {row["run_id"] for row in page.rows} - {None}
        deciding = select(runs.c.run_id, runs.c.outcome_offset).where(
            reader.owns(runs), runs.c.run_id.in_(sorted(run_ids))
        )
        return IntegrationEventPage(
            page.rows,
            page.next,
            integration_names(snapshot, reader, (row["integration_id"] for row in page.rows)),
            {row.run_id: row.outcome_offset for row in snapshot.execute(deciding)} if run_ids else {},
        )


def listing_of(wanted: IntegrationEventFilter) -> Listing:
    """How the events are read: through which index, and what is checked besides."""
    indexed: list[Check] = []
    checked: list[Check] = []
    match wanted:
        case IntegrationEventFilter(type=str(type_), integration_id=str(integration_id)):
            indexed.append(lambda columns: columns.integration_id == integration_id)
            checked.append(lambda columns: columns.type == type_)
        case IntegrationEventFilter(integration_id=str(integration_id)):
            indexed.append(lambda columns: columns.integration_id == integration_id)
        case IntegrationEventFilter(type=str(type_)):
            indexed.append(lambda columns: columns.type == type_)
    if wanted.actioned is False:
        indexed.append(lambda columns: columns.actioned_ms.is_(None))
    elif wanted.actioned:
        checked.append(lambda columns: columns.actioned_ms.is_not(None))
    if wanted.resolved is not None:
        resolved = wanted.resolved
        checked.append(lambda columns: columns.resolved_ms.is_not(None) if resolved else columns.resolved_ms.is_(None))
    checked.extend(_holds(word) for word in wanted.words)
    return Listing(integration_events, SORT, indexed, checked, wanted.since_ms, wanted.until_ms)


def _holds(word: str) -> Check:
    # Text compares by its bytes on either engine, and of such text both fold the case of ASCII letters alone.
    folded = "".join(letter.lower() if letter.isascii() else letter for letter in word)
    return lambda columns: func.lower(columns.message).contains(folded, autoescape=True)
