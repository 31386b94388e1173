"""What every listing may be asked: how many, from where on, since and until when.

A parameter that is not known, or a value that cannot match anything, is refused: an empty page would look like an
answer.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from services.event_recorder.core.cursors import Position, decode_cursor
from services.event_recorder.core.rows import MAX_TIME_MS
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.integration_events import DATA_OF

DEFAULT_LIMIT: Final = 50
MAX_LIMIT: Final = 200
_TIME_FIX: Final = "send an RFC 3339 time such as 2027-01-15T08:00:00Z"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

#: How to mend a parameter that has the wrong size or form, by its name.
FIXES: Final = {
    "limit": f"send a whole number from 1 to {MAX_LIMIT}",
    "cursor": "pass on `next` of the page before, unchanged",
    "integration": "send the id of an integration",
    "rule": "send the id of a notification rule",
    "entity": "send the id of an entity",
    "event": "send the id of an event",
    "source": "send the source of the event",
    "origin": "send the id of a run",
}


class Refused(ValueError):
    """A validator's refusal: what is wrong with a value, and the fix."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


def _milliseconds(said: object) -> object:
    """Milliseconds since 1970 of an RFC 3339 time."""
    if not isinstance(said, str):
        return said
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        raise Refused("is not an RFC 3339 time", _TIME_FIX) from None
    if moment.tzinfo is None:
        raise Refused("has no offset from UTC", _TIME_FIX)
    return min(max((moment - _EPOCH) // timedelta(milliseconds=1), 0), MAX_TIME_MS)


#: An RFC 3339 time in the request, milliseconds since 1970 in the code.
Moment = Annotated[
    int,
    BeforeValidator(_milliseconds),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2027-01-15T08:00:00Z"]}),
]


def _known_type(text: str) -> str:
    if text not in DATA_OF:
        raise Refused("is not a type of integration event", "send one of: " + ", ".join(sorted(DATA_OF)))
    return text


#: One of the types that integration events have.
IntegrationEventType = Annotated[
    str, AfterValidator(_known_type), WithJsonSchema({"type": "string", "enum": sorted(DATA_OF)})
]
#: Any text that a row could hold.
Text = Annotated[str, Field(min_length=1, max_length=1_024, pattern=r"^[^\x00]*$")]


class Span(BaseModel):
    """Since when and until when; each may be left open."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    since: Moment | None = Field(default=None, description="first instant that counts")
    until: Moment | None = Field(default=None, description="first instant that does not count any more")

    def check_span(self) -> None:
        """Raises InvalidInput when nothing can lie between ``since`` and ``until``."""
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise InvalidInput([Fault("until", "is not after since", "send a time after since, or leave one out")])


class ListingQuery(Span):
    """One page of a listing."""

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="items on the page at most")
    cursor: str | None = Field(
        default=None, max_length=4_096, description="`next` of the page before, unchanged, with the same filters"
    )

    def after(self, ids: int = 1) -> Position | None:
        """Where the page begins, in a listing whose ties ``ids`` values break. Raises InvalidInput when the cursor is
        not one of ours, or nothing can lie between ``since`` and ``until``."""
        self.check_span()
        return None if self.cursor is None else decode_cursor(self.cursor, ids)
