"""CloudEvents 1.0: reading, checking and writing the envelope every system event travels in.

Structured JSON is the form inside the fleet and towards webhooks; binary mode is read as well, since producers may
write straight onto the topic. Numbers are carried as JSON numbers within 64 bits and IEEE doubles (RFC 7493), which is
what receivers parse them into; a larger integer is refused rather than silently rounded.

What this module refuses to know: who may send an event. Over HTTP the organization comes from the API key and is set
with :meth:`CloudEvent.of_organization`; from a direct producer it is trusted because the topic's ACLs are.
"""

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import orjson

from shared.core.faults import Fault, InvalidInput
from shared.core.identifiers import IDENTIFIER_RULE, is_identifier

CONTENT_TYPE: Final = "application/cloudevents+json"
BATCH_CONTENT_TYPE: Final = "application/cloudevents-batch+json"

_ATTRIBUTE_NAME = re.compile(r"[a-z0-9]{1,64}")
#: Attributes of nearly every event: their names need no look.
_USUAL_NAMES = frozenset(
    {"specversion", "id", "source", "type", "organization", "subject", "time", "datacontenttype", "dataschema"}
)
_CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
_TYPE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,254}")
_BYTES_LIMIT = {"id": 255, "source": 1024, "subject": 1024}
#: RFC 3339 as CloudEvents demands it: a date, a time and an offset.
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

#: What an integer that does not fit into 64 bits has at least, once all digits are made alike.
_MANY_DIGITS = b"0" * 19
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_STRING_OR_NUMBER = re.compile(rb'"(?:[^"\\]++|\\.)*+"|-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?')


@dataclass(frozen=True, slots=True)
class CloudEvent:
    """A checked event. ``document`` is its structured JSON form and must not be changed."""

    document: Mapping[str, Any]
    _encoded: bytes

    @property
    def id(self) -> str:
        return str(self.document["id"])

    @property
    def source(self) -> str:
        return str(self.document["source"])

    @property
    def type(self) -> str:
        return str(self.document["type"])

    @property
    def organization(self) -> str:
        return str(self.document["organization"])

    @property
    def subject(self) -> str | None:
        return self.document.get("subject")

    @property
    def time(self) -> str | None:
        return self.document.get("time")

    @property
    def data(self) -> Any:
        return self.document.get("data")

    def encode(self) -> bytes:
        """Structured JSON, as it stands on the topic and in a webhook's body."""
        return self._encoded


def parse_json(raw: bytes, field: str = "(body)") -> Any:
    """Decode JSON.

    Raises InvalidInput with the position of the error, never with the text itself.
    """
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidInput([Fault(field, f"not valid JSON ({where})", "send one JSON document in UTF-8")]) from None
    if _MANY_DIGITS in raw.translate(_DIGITS_ALIKE):
        _refuse_large_integers(raw, field)
    return document


def _refuse_large_integers(raw: bytes, field: str) -> None:
    """orjson reads them as doubles, which rounds them without a word."""
    for found in _STRING_OR_NUMBER.finditer(raw):
        text = found.group()
        if text.lstrip(b"-").isdigit() and (len(text) > 20 or not -(2**63) <= int(text) < 2**64):
            where = f"byte {found.start() + 1}"
            raise InvalidInput([Fault(field, f"holds an integer beyond 64 bits ({where})", "send it as a string")])


def check_event(document: Any, *, field: str = "", organization: str | None = None) -> CloudEvent:
    """Check a structured event and return it.

    ``organization`` (from an API key) is set on the event; None demands that the event carries its own. ``field`` goes
    before every fault's path, for members of a batch.

    Raises InvalidInput with every fault found, not only the first.
    """
    if not isinstance(document, dict):
        raise InvalidInput([Fault(field or "(body)", "not a JSON object", "send one CloudEvent as an object")])
    if organization is not None:
        claimed = document.get("organization", organization)
        document = {**document, "organization": organization}
    else:
        claimed = document.get("organization")
    faults = list(_faults(document, claimed))
    if faults:
        dot = "." if field else ""
        raise InvalidInput(Fault(f"{field}{dot}{fault.field}", fault.message, fault.fix) for fault in faults)
    try:
        return CloudEvent(document, orjson.dumps(document))
    except TypeError:
        # orjson reads deeper than it writes: 1,024 levels and 254.
        name = f"{field}.data" if field else "data"
        raise InvalidInput([Fault(name, "nested deeper than 250 levels", "send a flatter structure")]) from None


def _faults(document: Mapping[str, Any], claimed_organization: Any) -> Sequence[Fault]:
    faults: list[Fault] = []

    def wrong(field: str, message: str, fix: str) -> None:
        faults.append(Fault(field, message, fix))

    if document.get("specversion") != "1.0":
        wrong("specversion", "missing or not supported", 'set it to "1.0"')
    for name in ("id", "source", "type"):
        value = document.get(name)
        if not isinstance(value, str) or not value:
            wrong(name, "missing or not a non-empty string", "CloudEvents 1.0 requires it")
    for name, limit in _BYTES_LIMIT.items():
        value = document.get(name)
        if not isinstance(value, str):
            continue
        # No character takes more than four bytes, so a short text need not be encoded to be counted.
        if len(value) > limit // 4 and len(value.encode("utf-8", "replace")) > limit:
            wrong(name, f"longer than {limit} bytes", "shorten it")
        if _CONTROL_CHARACTER.search(value):
            wrong(name, "holds control characters", "remove them")
    kind = document.get("type")
    if isinstance(kind, str) and kind and not _TYPE.fullmatch(kind):
        wrong(
            "type",
            "not a dotted name",
            "use up to 255 letters, digits, '.', '_' and '-', such as billing.bill.created",
        )
    if not isinstance(claimed_organization, str) or not is_identifier(claimed_organization):
        wrong("organization", "missing or not an identifier", f"use {IDENTIFIER_RULE}")
    elif claimed_organization != document["organization"]:
        wrong(
            "organization",
            "not the organization of the API key",
            "leave it out, or use that organization's key",
        )
    subject = document.get("subject")
    if subject is not None and (not isinstance(subject, str) or not subject):
        wrong("subject", "not a non-empty string", "correct it or leave it out")
    time = document.get("time")
    if time is not None and not _is_time(time):
        wrong("time", "not an RFC 3339 timestamp", "use the form 2030-01-31T12:00:00Z")
    if "data" in document and "data_base64" in document:
        wrong("data_base64", "given beside data", "send one of them")
    if "data_base64" in document and not _is_base64(document["data_base64"]):
        wrong("data_base64", "not base64", "encode the bytes as RFC 4648 base64")
    for name, value in document.items():
        if name in ("data", "data_base64"):
            continue
        if name not in _USUAL_NAMES and not _ATTRIBUTE_NAME.fullmatch(name):
            wrong(
                name[:64],
                "not an attribute name",
                "use lower-case letters and digits; put payload under data",
            )
        elif value is not None and not isinstance(value, (str, int)):
            wrong(name, "attributes are strings, integers or booleans", "put structures under data")
    return faults


def _is_time(value: Any) -> bool:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value.upper().replace("Z", "+00:00"))
    except ValueError:
        return False
    return True


def _is_base64(value: Any) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (ValueError, TypeError):
        return False
    return True


def document_of_binary(attributes: Mapping[str, str], content_type: str | None, data: bytes | None) -> dict[str, Any]:
    """The structured form of a binary-mode event, not yet checked.

    ``attributes`` are the ``ce_`` headers (``ce-`` over HTTP) without their prefix.

    Raises InvalidInput when a JSON payload is not JSON.
    """
    document: dict[str, Any] = dict(attributes)
    if content_type is not None:
        document["datacontenttype"] = content_type
    if not data:
        return document
    media_type = (content_type or "application/json").split(";")[0].strip().lower()
    if media_type == "application/json" or media_type.endswith("+json"):
        document["data"] = parse_json(data, "data")
    elif media_type.startswith("text/"):
        document["data"] = data.decode("utf-8", "replace")
    else:
        document["data_base64"] = base64.b64encode(data).decode()
    return document


def read_record(headers: Mapping[str, bytes], value: bytes | None) -> CloudEvent:
    """Read an event from a Kafka record, in either content mode of the CloudEvents Kafka binding.

    Raises InvalidInput when it is not an event.
    """
    if value is None and "ce_id" not in headers:
        raise InvalidInput([Fault("(value)", "empty record", "send a CloudEvent, structured or binary")])
    content_type = headers.get("content-type", b"").decode("utf-8", "replace")
    if "ce_specversion" in headers and not content_type.startswith(CONTENT_TYPE):
        attributes = {
            name.removeprefix("ce_"): text.decode("utf-8", "replace")
            for name, text in headers.items()
            if name.startswith("ce_")
        }
        return check_event(document_of_binary(attributes, content_type or None, value))
    return check_event(parse_json(value or b"", "(value)"))
