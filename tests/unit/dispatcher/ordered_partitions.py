"""Partitions of strictly ordered runs, set up and driven for tests."""

from services.dispatcher.core.ordered_partition import OrderedPartition
from shared.core.ordered_metadata import Held, HeldAttempt

BROKER_LIMIT = 4_096
A, B = b"a", b"b"
NOW_MS = 1_795_000_000_000


def after(held: Held | None, now_ms: int, wait_ms: int) -> Held:
    """One more failed attempt."""
    attempts = () if held is None else held.attempts
    waited_ms = 0 if held is None else held.waited_ms
    made = HeldAttempt(now_ms, 15_000, "connection.closed")
    return Held((*attempts, made), now_ms + 15_000 + wait_ms, 3, waited_ms + 15_000 + wait_ms)


def partition(*keys: bytes, offset: int = 0, metadata: str = "") -> OrderedPartition:
    """A partition that has read records of ``keys``."""
    made = OrderedPartition(offset, metadata)
    read(made, keys, offset)
    return made


def read(made: OrderedPartition, keys: tuple[bytes, ...], first: int = 0) -> None:
    for number, key in enumerate(keys, start=first):
        if made.start(number):
            made.add(number, key)


def begun(made: OrderedPartition, now_ms: int = NOW_MS) -> list[int]:
    """Everything that may begin now, begun."""
    offsets = []
    while (offset := made.begin_next(now_ms)) is not None:
        offsets.append(offset)
    return offsets


def commit(made: OrderedPartition) -> tuple[int, str]:
    ends = made.ends
    point = made.commit_point()
    made.acknowledged(ends)
    return point
