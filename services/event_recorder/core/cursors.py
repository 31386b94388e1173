"""Where a page ends: the sort key of its last row, so that the next page begins there however many rows arrive.

Opaque to clients: base64url of a JSON list. A page number or an offset would repeat rows while new ones come in at the
top of a list that is newest first, and cost more the further one reads.
"""

import base64
import binascii
from dataclasses import dataclass

import orjson

from services.event_recorder.core.rows import MAX_TIME_MS
from shared.core.faults import Fault, InvalidInput


@dataclass(frozen=True, slots=True)
class Position:
    """``time_ms`` is the time a listing is sorted by, ``ids`` what breaks ties, as many as the listing needs."""

    time_ms: int
    ids: tuple[str, ...]

    def encode(self) -> str:
        return base64.urlsafe_b64encode(orjson.dumps([self.time_ms, *self.ids])).rstrip(b"=").decode()


def decode_cursor(cursor: str, ids: int) -> Position:
    """The position of a listing whose ties ``ids`` values break. Raises InvalidInput when ``cursor`` is none of it."""
    try:
        parts = orjson.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        parts = None
    match parts:
        case [int(time_ms), *rest] if (
            0 <= time_ms <= MAX_TIME_MS
            and not isinstance(time_ms, bool)
            and len(rest) == ids
            and all(isinstance(each, str) and "\0" not in each for each in rest)
        ):
            return Position(time_ms, tuple(rest))
        case _:
            raise InvalidInput(
                [Fault("cursor", "not a cursor of this listing", "pass on `next` of the page before, unchanged")]
            )
