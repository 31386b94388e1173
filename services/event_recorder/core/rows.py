"""What a record says, as rows: plain values by table and column, checked so that any engine can store them.

Rows are values here and tables only names, so that reading records needs no database. People's words (messages,
reasons, bodies) stay inside JSON text, where every character has an escape; a column of its own is for identifiers and
numbers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.event_recorder.core.runs import Run
from shared.core.faults import Fault, InvalidInput

Value = str | int | None
Row = Mapping[str, Value]

#: The greatest integer of a 64-bit column.
MAX_INTEGER: Final = 2**63 - 1
#: 9999-12-31T23:59:59.999Z, the last instant RFC 3339 can write.
MAX_TIME_MS: Final = 253_402_300_799_999


class TableName(StrEnum):
    """Every table that records give rows for."""

    EVENTS = "events"
    MATCHES = "matches"
    RUNS = "runs"
    ATTEMPTS = "attempts"
    SKIPS = "skips"
    OUTCOMES = "outcomes"
    INTEGRATION_EVENTS = "integration_events"
    RESOURCES = "resources"
    INTEGRATION_STATES = "integration_states"
    ALERTS = "alerts"
    RUN_STATISTICS = "run_statistics"


@dataclass(frozen=True, slots=True)
class Fact:
    """One row that one record gives by itself."""

    table: TableName
    row: Row


@dataclass(frozen=True, slots=True)
class Resolution:
    """What the fleet itself has found to be over: an alert, and since when."""

    organization: str
    alert_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything one record says: rows of its own, what it adds to the rows of runs, which alerts it resolves."""

    facts: tuple[Fact, ...] = ()
    runs: tuple[Run, ...] = ()
    resolutions: tuple[Resolution, ...] = ()


def check_row(row: Row) -> None:
    """Raises InvalidInput, naming each column, when a value has no place in a database or in an answer."""
    faults = []
    for column, value in row.items():
        if value is None:
            continue
        if isinstance(value, str):
            if "\0" in value:
                faults.append(Fault(column, "holds a NUL character", "remove it"))
        elif column.endswith("_ms"):
            if not 0 <= value <= MAX_TIME_MS:
                faults.append(Fault(column, "not a time between 1970 and 9999", "send milliseconds since 1970"))
        elif not 0 <= value <= MAX_INTEGER:
            faults.append(Fault(column, "not a whole number from 0 to 2^63 - 1", "correct this value"))
    if faults:
        raise InvalidInput(faults)


def clamped_time_ms(ms: int) -> int:
    """A producer's clock may say anything; what it says is kept within what can be stored."""
    return min(max(ms, 0), MAX_TIME_MS)
