"""What a replay sends: the body as its receiver once got it, under the same ``webhook-id``, as a new run.

The delivery request's value is the event and the stored body travels beside it. Where the body is not to be had as it
was, because nothing was ever sent or because a secret stood in it that was taken out before it was kept, the event
alone goes out and the send stage renders it as it would today. URL, method, credentials and signature are today's in
any case; a body that is there spares only the rendering of the body.

So the event may no longer be kept, as long as nothing asks for it: then a stub with its attributes takes its place.
What asks for it is known from the integration's configuration.

What this module refuses to know: where bodies and events are stored, and whether a replay is allowed now.
"""

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import orjson

from shared.core.cloud_events import CONTENT_TYPE
from shared.core.messages.base import EventRef
from shared.core.messages.delivery import DeliveryRequest, StoredBody, Trigger
from shared.core.messages.integration_events import RunStatus
from shared.core.messages.run_log import Body, HttpRequestRecord
from shared.core.records import OutRecord
from shared.core.resources import Integration, Ordering, Place
from shared.core.topics import Topics, delivery_key, ordering_key

#: What stands where the dispatcher took a secret out.
REDACTED: Final = b"(redacted)"


class Selection(StrEnum):
    """Which runs of an integration a replay is about."""

    FAILED = "failed"
    MISSED = "missed"
    BOTH = "both"

    @property
    def statuses(self) -> Collection[RunStatus]:
        """Statuses of the runs it selects."""
        failed = (RunStatus.FAILED, RunStatus.AUTH_FAILED, RunStatus.TIMED_OUT, RunStatus.COMPLETED_WITH_ERRORS)
        match self:
            case Selection.FAILED:
                return failed
            case Selection.MISSED:
                return (RunStatus.DISABLED,)
            case Selection.BOTH:
                return (*failed, RunStatus.DISABLED)


@dataclass(frozen=True, slots=True)
class Origin:
    """The run that is replayed. ``stored`` is what its receiver got, where that can be sent again as it was; ``event``
    its CloudEvent in structured JSON, where it is still kept."""

    organization: str
    run_id: str
    webhook_id: str
    integration_id: str
    rule_id: str | None
    event_ref: EventRef
    chain: tuple[str, ...]
    stored: StoredBody | None
    event: bytes | None


class EventGone(Exception):
    """The event is no longer kept, and this replay cannot do without it."""


def stored_body(request: HttpRequestRecord) -> StoredBody | None:
    """The body that ``request`` carried; null where what is kept of it is not what was sent."""
    content = _whole(request.body)
    if content is None:
        return None
    content_type = next((value for name, value in request.headers if name.lower() == "content-type"), None)
    return StoredBody(content, content_type)


def _whole(body: Body) -> bytes | None:
    if body.base64 is not None:
        try:
            content = base64.b64decode(body.base64, validate=True)
        except binascii.Error:
            return None
    else:
        content = (body.text or "").encode()
    # A secret may be as long as what stands in its place.
    return None if body.truncated or len(content) != body.size or REDACTED in content else content


def event_in_skip(body: Body) -> bytes | None:
    """The event in the record of a run that was not tried; null once it was removed."""
    if body.text is None or body.truncated or len(body.text.encode()) != body.size:
        return None
    return body.text.encode()


def event_in_body(stored: StoredBody | None, ref: EventRef) -> bytes | None:
    """The event, where it was itself what was sent."""
    if stored is None or stored.content_type != CONTENT_TYPE:
        return None
    try:
        document = orjson.loads(stored.content)
    except orjson.JSONDecodeError:
        return None
    is_it = isinstance(document, dict) and (document.get("source"), document.get("id")) == (ref.source, ref.id)
    return stored.content if is_it else None


def asks_for_event(integration: Integration) -> bool:
    """Whether more than the body of a request is made of the event."""
    template, _ = integration.request_and_success
    placed = () if template is None else template.expressions("request")
    return integration.mapping is not None or any(each.place is not Place.BODY for each in placed)


def replay_record(
    origin: Origin,
    run_id: str,
    integration: Integration,
    *,
    config_offset: int,
    now_ms: int,
    topics: Topics,
    enabled_epoch: int | None = None,
) -> OutRecord:
    """The delivery request of the new run ``run_id``; ``config_offset`` is one past the newest configuration seen,
    ``enabled_epoch`` the epoch in which the integration is enabled, null where it always was.

    Raises EventGone.
    """
    value = origin.event
    if value is None:
        if origin.stored is None or asks_for_event(integration):
            raise EventGone
        value = _stub(origin)
    request = DeliveryRequest(
        run_id=run_id,
        webhook_id=origin.webhook_id,
        organization=origin.organization,
        integration_id=origin.integration_id,
        trigger=Trigger.REPLAY,
        event=origin.event_ref,
        rule_id=origin.rule_id,
        origin_run_id=origin.run_id,
        chain=origin.chain,
        config_offset=config_offset,
        # It is accepted now: how long ago the event came says nothing about this delivery.
        accepted_ms=now_ms,
        created_ms=now_ms,
        enabled_epoch=enabled_epoch,
        stored=origin.stored,
    )
    topic, key = _way(origin, integration, topics)
    return OutRecord(topic, key, value, request.headers())


def _stub(origin: Origin) -> bytes:
    ref = origin.event_ref
    attributes = {"specversion": "1.0", "id": ref.id, "source": ref.source, "type": ref.type}
    attributes["organization"] = origin.organization
    if ref.subject is not None:
        attributes["subject"] = ref.subject
    if ref.time is not None:
        attributes["time"] = ref.time
    return orjson.dumps(attributes)


def _way(origin: Origin, integration: Integration, topics: Topics) -> tuple[str, bytes]:
    """Topic and key: a run of a strictly ordered integration takes its place in the queue."""
    organization, name, subject = origin.organization, origin.integration_id, origin.event_ref.subject
    if integration.ordering is Ordering.INTEGRATION:
        return topics.deliveries_ordered.name, ordering_key(organization, name, None)
    if integration.ordering is Ordering.SUBJECT and subject is not None:
        return topics.deliveries_ordered.name, ordering_key(organization, name, subject)
    return topics.deliveries.name, delivery_key(organization, name, shard=0)
