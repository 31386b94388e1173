"""The events that everybody gets: CloudEvents of 1,024 bytes as JSON, alike but for their number.

The number stands in the data, so that a receiver can tell events apart whoever sends them on and whatever headers come
with them. Every event has a subject of its own: keys spread over all partitions.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

ORGANIZATION: Final = "peers"
EVENT_TYPE: Final = "peers.event.created"
EVENT_BYTES: Final = 1024
_TIME: Final = "2026-01-31T12:00:00Z"


def event(number: int) -> dict[str, Any]:
    """Event ``number``, as a document."""
    document: dict[str, Any] = {
        "specversion": "1.0",
        "id": f"peers-{number:09d}",
        "source": "https://peers.example/bench",
        "type": EVENT_TYPE,
        "organization": ORGANIZATION,
        "subject": f"event/{number}",
        "time": _TIME,
        "data": {"number": number, "padding": ""},
    }
    document["data"]["padding"] = "x" * (EVENT_BYTES - len(orjson.dumps(document)))
    return document


def encoded(number: int) -> bytes:
    """Event ``number`` as it stands on a topic."""
    return orjson.dumps(event(number))
