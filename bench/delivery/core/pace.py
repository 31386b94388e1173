"""What a paced sender writes down of each event, and the latencies that follow from it.

The sender is an open loop: each event has the moment at which it is due, whatever became of those before it, and a
latency counted from that moment includes any wait for the fleet to take the event. Counting from the sending alone
would leave that out, which is known as coordinated omission.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

_RECORD: Final = struct.Struct("<qqqqh")
ACCEPTED: Final = 202


class Sent(NamedTuple):
    """One event: its number, when it was due, when it was sent and when its answer was there (ns since 1970)."""

    number: int
    due_ns: int
    sent_ns: int
    answered_ns: int
    status: int


def pack(sent: Sent) -> bytes:
    """One record of fixed size."""
    return _RECORD.pack(*sent)


def unpack(records: bytes) -> Iterator[Sent]:
    """What `pack` has packed, in order."""
    return (Sent(*each) for each in _RECORD.iter_unpack(records))


class Latency(NamedTuple):
    """Milliseconds until the request was at the receiver, and when the event was due (seconds after the first)."""

    number: int
    due_seconds: float
    from_due_ms: float
    from_accepted_ms: float


def latencies(sent: Iterable[Sent], first_arrivals_ns: Mapping[int, int]) -> list[Latency]:
    """Of each accepted event that arrived, by number. ``from_accepted_ms`` may be below zero: the fleet can deliver
    before the sender has read that its event was accepted."""
    accepted = sorted((each for each in sent if each.status == ACCEPTED), key=lambda each: each.due_ns)
    return [
        Latency(
            each.number,
            (each.due_ns - accepted[0].due_ns) / 1e9,
            (first_arrivals_ns[each.number] - each.due_ns) / 1e6,
            (first_arrivals_ns[each.number] - each.answered_ns) / 1e6,
        )
        for each in accepted
        if each.number in first_arrivals_ns
    ]
