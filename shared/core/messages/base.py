"""The common form of a message, and what every record says about the event and run it belongs to."""

from typing import Final

from pydantic import BaseModel, ConfigDict

#: Record headers that every keyed record of ours carries, so that readers can route without decoding.
ORGANIZATION_HEADER: Final = "organization"
RUN_ID_HEADER: Final = "run-id"
TYPE_HEADER: Final = "type"

Headers = list[tuple[str, bytes]]


class Message(BaseModel):
    """A frozen model that ignores fields it does not know."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def encode(self) -> bytes:
        """JSON in UTF-8, without the fields that are null."""
        return self.model_dump_json(exclude_none=True).encode()


class EventRef(Message):
    """Which event: CloudEvents demands that source and id together are unique."""

    source: str
    id: str
    type: str
    subject: str | None = None
    time: str | None = None
