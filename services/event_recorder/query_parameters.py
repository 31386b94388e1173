"""What listings may be asked.

A parameter that is not known, or a value that cannot match anything, is refused: an empty page would look like an
answer.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from services.event_recorder.core.cursors import Position, decode_cursor
from shared.core.faults import Fault
from shared.core.messages.integration_events import DATA_OF, RunStatus
from shared.core.resources import Identifier

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

_FIXES = {
    "limit": f"send a whole number from 1 to {MAX_LIMIT}",
    "type": "send one of: " + ", ".join(sorted(DATA_OF)),
    "status": "send one of: " + ", ".join(RunStatus),
    "integration": "send the id of an integration",
    "event": "send the id of an event",
    "source": "send the source of the event",
    "cursor": "pass on `next` of the page before, unchanged",
}


def _known_type(text: str) -> str:
    if text not in DATA_OF:
        raise ValueError("is not a type of integration event")
    return text


class _Listing(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    limit: int = Field(default=DEFAULT_LIMIT, ge=1, le=MAX_LIMIT)
    cursor: str | None = Field(default=None, max_length=2_048)

    def after(self) -> Position | None:
        """Raises InvalidInput when the cursor is not one of ours."""
        return None if self.cursor is None else decode_cursor(self.cursor)


class IntegrationEventsQuery(_Listing):
    """``GET /v1/integration-events``."""

    type: Annotated[str, AfterValidator(_known_type)] | None = None
    integration: Identifier | None = None


class RunsQuery(_Listing):
    """``GET /v1/runs``."""

    integration: Identifier | None = None
    status: RunStatus | None = None
    event: str | None = Field(default=None, min_length=1)


class TraceQuery(BaseModel):
    """``GET /v1/events/{id}/trace``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str | None = Field(default=None, min_length=1)


def faults_of_request(errors: Iterable[Any]) -> list[Fault]:
    """FastAPI's errors as ours, without the refused values."""
    faults = []
    for error in errors:
        field = ".".join(str(part) for part in error["loc"][1:]) or "(request)"
        if error["type"] == "extra_forbidden":
            faults.append(Fault(field, "is not a parameter of this request", "remove it or correct its name"))
        else:
            faults.append(Fault(field, error["msg"], _FIXES.get(field, "correct this value")))
    return faults
