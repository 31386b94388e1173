"""A delivery request: one run on its way, on ``deliveries``, ``deliveries-due``, ``deliveries-ordered`` and the tiers.

The record's value is the event, byte for byte as it will be sent by default; the run stands in one header beside it.
So a hop moves a run without decoding it, a number in an event is never re-written, and the send stage reads a body it
need not rebuild. On the tiers runs that wait together share a record (`shared.core.messages.delivery_bundle`).
Configuration is never copied into a request: it is resolved when the request is sent, so that a corrected URL or secret
applies to retries that already wait.

A replay sends what its receiver once got. That body stands in a header of its own, as raw bytes, because the value
stays the event: what a template's path asks for and what an error tells come from there. Whoever writes the run on
writes these headers on (`DeliveryRequest.headers`), and a hop moves them like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from pydantic import Field

from shared.core.messages.base import ORGANIZATION_HEADER, RUN_ID_HEADER, EventRef, Headers, Message
from shared.core.trace_context import TraceContext, read_context

DELIVERY_HEADER: Final = "delivery"
#: When a waiting run is to be tried again, as decimal milliseconds since 1970; the delay stage reads nothing else.
DUE_HEADER: Final = "due-ms"
#: What a replay sends instead of a rendering, and its content type where it had one.
REPLAY_BODY_HEADER: Final = "replay-body"
REPLAY_CONTENT_TYPE_HEADER: Final = "replay-content-type"


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A body as a receiver once got it."""

    content: bytes
    content_type: str | None


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
    often the run was put off since its last attempt. ``traceparent`` and ``tracestate`` are the trace context under
    which its attempts are made, where the event had one. ``enabled_epoch`` is the epoch in which whoever asked for a
    replay saw the integration enabled: a worker that still knows it as disabled before that waits for the news.
    ``stored`` travels in headers beside this document, not in it.
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
    enabled_epoch: int | None = None
    traceparent: str | None = None
    tracestate: str | None = None
    stored: StoredBody | None = Field(default=None, exclude=True)

    @property
    def next_attempt(self) -> int:
        """Number of the attempt this request asks for, counted from 1."""
        return len(self.attempts) + 1

    @property
    def trace(self) -> TraceContext | None:
        """The trace context that attempts are made under."""
        return None if self.traceparent is None else read_context(self.traceparent, self.tracestate)

    @property
    def trace_id(self) -> str | None:
        """For logs and records; 32 hex digits."""
        return None if self.traceparent is None else self.traceparent[3:35]

    @property
    def trace_fields(self) -> dict[str, str]:
        """What a log line about the run says of its trace; nothing where there is none."""
        return {} if self.traceparent is None else {"trace_id": self.traceparent[3:35]}

    def headers(self, due_ms: int | None = None) -> Headers:
        headers: Headers = [
            (ORGANIZATION_HEADER, self.organization.encode()),
            (RUN_ID_HEADER, self.run_id.encode()),
            (DELIVERY_HEADER, self.encode()),
        ]
        if due_ms is not None:
            headers.append((DUE_HEADER, str(due_ms).encode()))
        if self.stored is not None:
            headers.append((REPLAY_BODY_HEADER, self.stored.content))
            if self.stored.content_type is not None:
                headers.append((REPLAY_CONTENT_TYPE_HEADER, self.stored.content_type.encode()))
        return headers


def decode_delivery(headers: Mapping[str, bytes]) -> DeliveryRequest:
    """The request in these headers. Raises KeyError where it is missing, pydantic.ValidationError where it is none."""
    request = DeliveryRequest.model_validate_json(headers[DELIVERY_HEADER])
    if request.trigger is not Trigger.REPLAY or (body := headers.get(REPLAY_BODY_HEADER)) is None:
        return request
    content_type = headers.get(REPLAY_CONTENT_TYPE_HEADER)
    stored = StoredBody(body, None if content_type is None else content_type.decode("utf-8", "replace"))
    return request.model_copy(update={"stored": stored})
