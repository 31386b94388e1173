"""How old records may become, by kind, and which readings are too old to be stored.

What retention removes must stay away when a topic is read again, and must not be counted again. So each kind has a
*floor* in the database: nothing from before it is kept, nor stored. A floor only rises, even when somebody lengthens
a retention: what is gone is gone. Everything of a run ages with the run, from when it was created, so that a run goes
as a whole.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final

from services.event_recorder.core.rows import Fact, Reading, TableName
from shared.core.messages.integration_events import DATA_OF, DISABLED_ERROR, RUN_ERRORS

DAY_MS: Final = 86_400_000


class RecordKind(StrEnum):
    """What has a retention of its own."""

    SYSTEM_EVENTS = "system events"
    RUN_LOG = "run log"
    INTEGRATION_EVENTS = "integration events"
    ERROR_EVENTS = "error events"
    STATISTICS = "statistics"
    TRAIL = "trail"


#: The five errors; every other integration event is of the shorter kind.
ERROR_TYPES: Final = tuple(sorted(RUN_ERRORS | {DISABLED_ERROR}))
OTHER_TYPES: Final = tuple(sorted(DATA_OF.keys() - set(ERROR_TYPES)))

Floors = Mapping[RecordKind, int]


def above_floors(reading: Reading, floors: Floors) -> Reading:
    """What of ``reading`` may be stored."""
    run_log = floors.get(RecordKind.RUN_LOG, 0)
    runs = tuple(run for run in reading.runs if run.identity.created_ms >= run_log)
    facts = tuple(fact for fact in reading.facts if _is_above(fact, reading, floors))
    if len(runs) == len(reading.runs) and len(facts) == len(reading.facts):
        return reading
    return replace(reading, facts=facts, runs=runs)


def _is_above(fact: Fact, reading: Reading, floors: Floors) -> bool:
    row = fact.row
    match fact.table:
        case TableName.EVENTS:
            kind, column = RecordKind.SYSTEM_EVENTS, "accepted_ms"
        case TableName.MATCHES:
            kind, column = RecordKind.RUN_LOG, "matched_ms"
        case TableName.ATTEMPTS | TableName.SKIPS | TableName.OUTCOMES:
            floor = floors.get(RecordKind.RUN_LOG, 0)
            return all(run.identity.created_ms >= floor for run in reading.runs)
        case TableName.INTEGRATION_EVENTS | TableName.ALERTS:
            kind = RecordKind.ERROR_EVENTS if row["type"] in ERROR_TYPES else RecordKind.INTEGRATION_EVENTS
            column = "time_ms" if fact.table is TableName.INTEGRATION_EVENTS else "last_ms"
        case _:
            return True
    time_ms = row[column]
    return isinstance(time_ms, int) and time_ms >= floors.get(kind, 0)
