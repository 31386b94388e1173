"""Where a page ends: the sort key of its last row, so that the next page begins there however many rows arrive.

Opaque to clients: base64url of a JSON pair. A page number or an offset would repeat rows while new ones come in at
the top of a list that is newest first.
"""

import base64
import binascii
from dataclasses import dataclass

import orjson

from services.event_recorder.core.rows import MAX_TIME_MS
from shared.core.faults import Fault, InvalidInput


@dataclass(frozen=True, slots=True)
class Position:
    """``time_ms`` is the time a listing is sorted by, ``id`` what breaks ties."""

    time_ms: int
    id: str

    def encode(self) -> str:
        return base64.urlsafe_b64encode(orjson.dumps([self.time_ms, self.id])).rstrip(b"=").decode()


def decode_cursor(cursor: str) -> Position:
    """Raises InvalidInput when ``cursor`` did not come from us."""
    try:
        pair = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        pair = None
    match pair:
        case [int(time_ms), str(last)] if 0 <= time_ms <= MAX_TIME_MS and not isinstance(time_ms, bool):
            return Position(time_ms, last)
        case _:
            raise InvalidInput(
                [Fault("cursor", "not a cursor of this listing", "pass on `next` of the page before, unchanged")]
            )
