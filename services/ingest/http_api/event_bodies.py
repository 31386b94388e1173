"""The content modes of CloudEvents over HTTP: structured, binary and batch, told apart by headers.

The content type decides. ``application/json`` is what generic clients send, so it is read as whatever it holds: binary
mode where ``ce-`` headers are present, else a batch if it is an array and one structured event if it is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from fastapi import Request

from services.ingest.http_api.problems import unsupported_content_type
from services.ingest.http_api.request_bodies import media_type
from shared.core.cloud_events import BATCH_CONTENT_TYPE, CONTENT_TYPE, document_of_binary, parse_json
from shared.core.faults import Fault, InvalidInput
from shared.core.problem_documents import invalid, malformed

_HEADER_PREFIX = "ce-"
_FIX = (
    f"send {CONTENT_TYPE} (one event), {BATCH_CONTENT_TYPE} (an array), application/json (either), "
    "or the payload's own type with ce- headers (binary mode)"
)


@dataclass(frozen=True, slots=True)
class OneEvent:
    """To be answered with one word for all of it."""

    document: Any


@dataclass(frozen=True, slots=True)
class ManyEvents:
    """To be answered with a verdict each."""

    documents: Sequence[Any]


def read_events(request: Request, raw: bytes) -> OneEvent | ManyEvents:
    """What was sent, not yet checked. Raises Problem: 400, 415, or 422 for a batch that is none."""
    kind = media_type(request)
    is_binary = "ce-specversion" in request.headers and kind not in (CONTENT_TYPE, BATCH_CONTENT_TYPE)
    try:
        if is_binary:
            return OneEvent(document_of_binary(_attributes(request), request.headers.get("content-type"), raw))
        match kind:
            case "application/json":
                document = parse_json(raw)
                return ManyEvents(document) if isinstance(document, list) else OneEvent(document)
            case _ if kind == CONTENT_TYPE:
                return OneEvent(parse_json(raw))
            case _ if kind == BATCH_CONTENT_TYPE:
                document = parse_json(raw)
                if not isinstance(document, list):
                    fault = Fault("(body)", "not a JSON array", "send an array of CloudEvents")
                    raise invalid([fault], "batch")
                return ManyEvents(document)
            case _:
                raise unsupported_content_type(_FIX)
    except InvalidInput as error:
        raise malformed(error.faults) from None


def _attributes(request: Request) -> dict[str, str]:
    """The ``ce-`` headers; values are percent-encoded UTF-8 in the CloudEvents HTTP binding."""
    attributes: dict[str, str] = {}
    for raw_name, raw_value in request.headers.raw:
        name = raw_name.decode("latin-1").lower()
        if not name.startswith(_HEADER_PREFIX):
            continue
        try:
            attributes[name.removeprefix(_HEADER_PREFIX)] = unquote(raw_value.decode(), errors="strict")
        except UnicodeDecodeError:
            raise InvalidInput(
                [Fault(name, "not percent-encoded UTF-8", "encode the value as RFC 3986 says")]
            ) from None
    return attributes
