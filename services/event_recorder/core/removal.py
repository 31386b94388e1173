"""What names a person, and what is left of a row once that person is removed from it.

A person is named by an event's subject, or by the id or the e-mail address of the user who acted, where the event says
so (`shared.core.caller_context`). What a removal remembers is a keyed digest of the name, so that the list of the
removed does not tell who they were; and one of every event that was theirs, by which all that such an event leads to is
known, though nothing in it may name anybody.

Everything that came of an event of theirs is emptied: documents, bodies, exchanges, details and messages of errors,
subjects and entities. Ids, times, statuses and counts stay, for they say nothing about anybody.
"""

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any, Final

import orjson

from services.event_recorder.core.rows import Row, TableName
from shared.core.caller_context import caller_of, members

#: An extension attribute of an event whose content was removed.
REMOVED_ATTRIBUTE: Final = "hookfleetremoved"
#: What stands where people's words were.
REMOVED: Final = "(removed)"
#: Attributes of an event that say nothing of its content.
_HARMLESS = ("specversion", "id", "source", "type", "organization", "time")


class Kind(StrEnum):
    """What a digest is of: one of the three ways to name a person, or an event of theirs."""

    SUBJECT = "subject"
    USER_ID = "user_id"
    USER_EMAIL = "user_email"
    EVENT = "event"


#: Source and id of an event.
EventKey = tuple[str, str]


def digest_of(key: bytes, kind: Kind, name: str) -> str:
    """The digest of ``name``, in hexadecimal. E-mail addresses are the same in upper and lower case."""
    text = name.strip().casefold() if kind is Kind.USER_EMAIL else name
    return hmac.digest(key, f"{kind.value}\x1f{text}".encode("utf-8", "replace"), hashlib.sha256).hex()


def digest_of_event(key: bytes, event: EventKey) -> str:
    """The digest of an event by source and id."""
    return digest_of(key, Kind.EVENT, "\x1f".join(event))


def digests_in_event(key: bytes, document: Mapping[str, Any]) -> set[str]:
    """Digests of everybody whom an event in structured form names."""
    caller = caller_of(document)
    named = {
        Kind.SUBJECT: document.get("subject"),
        Kind.USER_ID: None if caller is None else caller.user_id,
        Kind.USER_EMAIL: None if caller is None else caller.user_email,
    }
    return {digest_of(key, kind, name) for kind, name in named.items() if isinstance(name, str) and name}


def digests_in_outcome(key: bytes, document: Mapping[str, Any]) -> set[str]:
    """Digests of everybody whom an integration event tells of; ``document`` is its structured form."""
    data = members(document.get("data"))
    context = members(data.get("context"))
    named = {
        Kind.SUBJECT: members(data.get("event")).get("subject"),
        Kind.USER_ID: context.get("user_id"),
        Kind.USER_EMAIL: context.get("user_email"),
    }
    return {digest_of(key, kind, name) for kind, name in named.items() if isinstance(name, str) and name}


def event_of_outcome(document: Mapping[str, Any]) -> EventKey | None:
    """The event whose run an integration event ends."""
    event = members(members(document.get("data")).get("event"))
    source, event_id = event.get("source"), event.get("id")
    return (source, event_id) if isinstance(source, str) and isinstance(event_id, str) else None


def emptied(table: TableName, row: Row) -> Row:
    """``row`` without what may name anybody; rows of other tables hold nothing of the kind."""
    change = _CHANGES.get(table)
    return row if change is None else {**row, **change(row)}


def _event(row: Row) -> Row:
    document = _object(row["document"])
    kept = {name: said for name, said in document.items() if name in _HARMLESS}
    return {"subject": None, "document": _json(kept | {REMOVED_ATTRIBUTE: True})}


def _match(row: Row) -> Row:
    event = {name: said for name, said in _object(row["event"]).items() if name != "subject"}
    unevaluable = [each | {"reason": REMOVED} for each in orjson.loads(str(row["unevaluable"]))]
    return {"event": _json(event), "unevaluable": _json(unevaluable)}


def _run(row: Row) -> Row:
    return {
        "event_subject": None,
        "entity_type": None,
        "entity_id": None,
        "error": _without_detail(row["error"]),
        "last_attempt_error": _without_detail(row["last_attempt_error"]),
    }


def _attempt(row: Row) -> Row:
    stages = [
        {name: REMOVED if name == "reason" else said for name, said in stage.items()}
        for stage in orjson.loads(str(row["stages"]))
    ]
    return {"exchange": None, "stages": _json(stages), "error": _without_detail(row["error"])}


def _skip(row: Row) -> Row:
    document = _object(row["document"])
    document["run"]["event"].pop("subject", None)
    document["body"] = {"text": "", "size": document["body"]["size"], "truncated": True}
    return {"document": _json(document)}


def _integration_event(row: Row) -> Row:
    document = _object(row["document"])
    data = document["data"]
    data.pop("entity", None)
    data.pop("context", None)
    members_of_event = data.get("event")
    if isinstance(members_of_event, dict):
        members_of_event.pop("subject", None)
    if isinstance(data.get("error"), dict):
        data["error"].pop("detail", None)
    if "message" in data:
        data["message"] = REMOVED
    return {"document": _json(document), "message": REMOVED}


def _alert(_: Row) -> Row:
    return {"description": REMOVED}


_CHANGES: Final[Mapping[TableName, Callable[[Row], Row]]] = {
    TableName.EVENTS: _event,
    TableName.MATCHES: _match,
    TableName.RUNS: _run,
    TableName.ATTEMPTS: _attempt,
    TableName.SKIPS: _skip,
    TableName.INTEGRATION_EVENTS: _integration_event,
    TableName.ALERTS: _alert,
}


def event_in_body(text: object) -> Mapping[str, Any] | None:
    """The CloudEvent that a body is, if it is one."""
    if not isinstance(text, str) or '"specversion"' not in text:
        return None
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None


def names_one_of(digests: Collection[str], wanted: Collection[str]) -> bool:
    """Whether somebody named is among those who are removed."""
    return any(each in wanted for each in digests)


def _without_detail(error: object) -> str | None:
    if error is None:
        return None
    return _json({name: said for name, said in _object(error).items() if name != "detail"})


def _object(text: object) -> dict[str, Any]:
    document = orjson.loads(str(text))
    return document if isinstance(document, dict) else {}


def _json(document: object) -> str:
    return orjson.dumps(document).decode()
