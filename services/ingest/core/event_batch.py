"""What becomes of the events in one HTTP request: each is accepted as a record or refused with every fault.

Events of a batch stand alone: a bad one does not hold up its neighbours, and its faults are named by its
place in the batch. The organization is set from the API key and nothing the sender writes can change it.

What this module refuses to know: HTTP. Content modes are told apart by
`services.ingest.http_api.event_bodies`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.core.cloud_events import CONTENT_TYPE, CloudEvent, check_event
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.base import ORGANIZATION_HEADER
from shared.core.messages.integration_events import DATA_OF
from shared.core.records import OutRecord
from shared.core.topics import MAX_EVENT_BYTES, system_event_key
from shared.core.trace_context import TraceContext

#: Events in one request at most.
MAX_BATCH_EVENTS: Final = 1_000


@dataclass(frozen=True, slots=True)
class AcceptedEvent:
    """To be produced as ``record``. ``trace`` is the context it travels under, where it has one."""

    id: str
    source: str
    type: str
    record: OutRecord
    trace: TraceContext | None = None


@dataclass(frozen=True, slots=True)
class RefusedEvent:
    """``id`` is what the sender wrote, where that is an id at all. ``too_large`` when size is the one
    fault."""

    id: str | None
    faults: tuple[Fault, ...]
    too_large: bool = False


EventVerdict = AcceptedEvent | RefusedEvent

#: The context that an accepted event goes on under.
TraceOf = Callable[[CloudEvent], TraceContext | None]


def untraced(event: CloudEvent) -> None:
    """For whoever traces nothing."""


def judge_event(
    document: Any, *, field: str, organization: str, received: str, topic: str, trace_of: TraceOf = untraced
) -> EventVerdict:
    """Check one structured event. ``received`` (RFC 3339) becomes its time where it has none; ``field`` is
    its place in the request, empty for a single event."""
    if isinstance(document, Mapping) and document.get("time") is None:
        document = {**document, "time": received}
    try:
        event = check_event(document, field=field, organization=organization)
    except InvalidInput as error:
        return RefusedEvent(_claimed_id(document), error.faults)
    if event.type in DATA_OF:
        name = f"{field}.type" if field else "type"
        fault = Fault(name, "this type is what Hookfleet itself says about integrations", "choose another type")
        return RefusedEvent(event.id, (fault,))
    value = event.encode()
    if len(value) > MAX_EVENT_BYTES:
        fault = Fault(
            field or "(body)",
            f"larger than {MAX_EVENT_BYTES} bytes as structured JSON",
            "send less data, or a reference to it",
        )
        return RefusedEvent(event.id, (fault,), too_large=True)
    trace = trace_of(event)
    return AcceptedEvent(event.id, event.source, event.type, _record(event, value, topic, trace), trace)


def judge_batch(
    documents: Sequence[Any], *, organization: str, received: str, topic: str, trace_of: TraceOf = untraced
) -> tuple[EventVerdict, ...]:
    """One verdict per event, in the order sent."""
    return tuple(
        judge_event(
            document,
            field=f"[{index}]",
            organization=organization,
            received=received,
            topic=topic,
            trace_of=trace_of,
        )
        for index, document in enumerate(documents)
    )


def _record(event: CloudEvent, value: bytes, topic: str, trace: TraceContext | None) -> OutRecord:
    headers = [(ORGANIZATION_HEADER, event.organization.encode()), ("content-type", CONTENT_TYPE.encode())]
    if trace is not None:
        headers += trace.record_headers()
    return OutRecord(topic, system_event_key(event.organization, event.subject, event.id), value, headers)


def _claimed_id(document: Any) -> str | None:
    claimed = document.get("id") if isinstance(document, Mapping) else None
    return claimed if isinstance(claimed, str) and len(claimed) <= 255 else None
