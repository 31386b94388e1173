"""A delivery request: one run on its way, on ``deliveries``, ``deliveries-due``, ``deliveries-ordered`` and the tiers.

The record's value is the event, byte for byte as it will be sent by default; the run stands in one header beside it.
So a hop moves a record without decoding it, a number in an event is never re-written, and the send stage reads a body
it need not rebuild. Configuration is never copied into a request: it is resolved when the request is sent, so that a
corrected URL or secret applies to retries that already wait.
"""

from enum import StrEnum
from typing import Final, Literal

from shared.core.messages.base import ORGANIZATION_HEADER, RUN_ID_HEADER, EventRef, Headers, Message

DELIVERY_HEADER: Final = "delivery"
#: When a waiting run is to be tried again, as decimal milliseconds since 1970; the delay stage reads nothing else.
DUE_HEADER: Final = "due-ms"


class Trigger(StrEnum):
    """What began a run. All but EVENT come with the features that need them; readers must know the word."""

    EVENT = "event"
    MANUAL = "manual"
    RERUN = "rerun"
    REPLAY = "replay"
    SCHEDULE = "schedule"


class AttemptSummary(Message):
    """One past attempt, small enough to travel with the run and to stand in its error event."""

    number: int
    started_ms: int
    duration_ms: int
    code: str
    http_status: int | None = None


class DeliveryRequest(Message):
    """One run and how far it has come.

    ``step`` is raised whenever the send stage writes the run on and is kept by hops, so (run id, step) names one piece
    of work. ``webhook_id`` is the Standard Webhooks message id: the run id of the first run, kept by Replay. ``epoch``
    is the integration's epoch when the first attempt began, null before. ``chain`` holds the integrations whose errors
    led to this event, oldest first. ``waited_ms`` is what the receiver has cost the run so far: attempts and the waits
    between them, as planned; a run has a deadline and our own downtime must not use it up. ``deferrals`` counts how
    often the run was put off since its last attempt.
    """

    v: Literal[1] = 1
    run_id: str
    webhook_id: str
    organization: str
    integration_id: str
    shard: int = 0
    trigger: Trigger = Trigger.EVENT
    event: EventRef
    rule_id: str | None = None
    origin_run_id: str | None = None
    chain: tuple[str, ...] = ()
    config_offset: int
    accepted_ms: int
    created_ms: int
    step: int = 0
    attempts: tuple[AttemptSummary, ...] = ()
    first_sent_ms: int | None = None
    waited_ms: int = 0
    deferrals: int = 0
    epoch: int | None = None

    @property
    def next_attempt(self) -> int:
        """Number of the attempt this request asks for, counted from 1."""
        return len(self.attempts) + 1

    def headers(self, due_ms: int | None = None) -> Headers:
        headers: Headers = [
            (ORGANIZATION_HEADER, self.organization.encode()),
            (RUN_ID_HEADER, self.run_id.encode()),
            (DELIVERY_HEADER, self.encode()),
        ]
        if due_ms is not None:
            headers.append((DUE_HEADER, str(due_ms).encode()))
        return headers
