"""What an error event says of the event that led to it: whom it is about, and who acted.

Both are the producer's own words, taken from where producers put them; here is the one place that says where that is.
The event is decoded only when an error is written, so that a delivery that succeeds pays nothing for it.

*Entity.* What a mapping asked for, if the integration has one. Else the subject: ``bill/42`` is a bill named 42. A
subject without a slash is an id alone, and so is ``data.id``, or the ``id`` of ``data.new`` or ``data.old``; the type
is then the noun of the event's type, which is the last word but one: ``billing.bill.created`` is about a bill.

*Caller.* Where events name the user, company and application is `shared.core.caller_context`'s to say.

A value is a text or a whole number. One that is longer than its bound is left out, not cut: half an id names somebody
else.
"""

from collections.abc import Mapping
from typing import Any

import orjson

from shared.core.caller_context import caller_of, members, short_text
from shared.core.messages.integration_events import CallerContext, Entity

#: Characters, the same as an external mapping's.
MAX_TYPE, MAX_ID = 100, 255


def context_of_error(event: bytes, named: Entity | None) -> tuple[Entity | None, CallerContext | None]:
    """Entity and caller of an error that ``event``, a CloudEvent in structured JSON, led to. ``named`` is the entity
    that the integration's mapping is about."""
    try:
        document = orjson.loads(event)
    except orjson.JSONDecodeError:
        return named, None
    if not isinstance(document, dict):
        return named, None
    return named or _entity(document), caller_of(document)


def _entity(document: Mapping[str, Any]) -> Entity | None:
    data = members(document.get("data"))
    noun = _noun(document.get("type"))
    subject = short_text(document.get("subject"), MAX_ID + MAX_TYPE + 1)
    if subject is not None:
        path, _, last = subject.rpartition("/")
        found = _made(path.rpartition("/")[2] or noun, last)
        if found is not None:
            return found
    for holder in (data, members(data.get("new")), members(data.get("old"))):
        found = _made(noun, holder.get("id"))
        if found is not None:
            return found
    return None


def _made(entity_type: str | None, entity_id: object) -> Entity | None:
    kind, name = short_text(entity_type, MAX_TYPE), short_text(entity_id, MAX_ID)
    return None if kind is None or name is None else Entity(type=kind, id=name)


def _noun(event_type: object) -> str | None:
    words = event_type.split(".") if isinstance(event_type, str) else []
    return words[-2] if len(words) > 1 else next(iter(words), None)
