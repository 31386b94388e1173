"""One request at a receiver as a record of fixed size: packed by the receiver, read by whoever counts.

Of a body only its first ``"number": 123`` is looked for, so that senders without a webhook-id header can be counted
too. What it refuses to know: whether a request was expected; that is for the one who sent the events.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

#: Time in nanoseconds, number in the body, index of the port, webhook-id. Little-endian, no padding.
_RECORD: Final = struct.Struct("<qqH46s")
RECORD_BYTES: Final = _RECORD.size
_NO_NUMBER: Final = -1
_NUMBER: Final = re.compile(rb'"number"\s*:\s*(\d{1,18})')


class Arrival(NamedTuple):
    """``time_ns`` since 1970, when the first byte was read. ``number`` is None and ``webhook_id`` empty where the
    request named none; an id is kept to its first 46 bytes."""

    time_ns: int
    number: int | None
    port_index: int
    webhook_id: str


def number_in(body: bytes) -> int:
    """What ``"number"`` holds, -1 where there is none."""
    found = _NUMBER.search(body)
    return _NO_NUMBER if found is None else int(found[1])


def pack(time_ns: int, number: int, port_index: int, webhook_id: bytes) -> bytes:
    """The record of one request; ``number`` as `number_in` gives it."""
    return _RECORD.pack(time_ns, number, port_index, webhook_id)


def unpack(records: bytes) -> Iterator[Arrival]:
    """The arrivals in ``records``, in their order; a last one that is not whole is left out."""
    whole = len(records) - len(records) % RECORD_BYTES
    for time_ns, number, port_index, webhook_id in _RECORD.iter_unpack(memoryview(records)[:whole]):
        yield Arrival(
            time_ns, None if number == _NO_NUMBER else number, port_index, webhook_id.rstrip(b"\0").decode("latin-1")
        )
