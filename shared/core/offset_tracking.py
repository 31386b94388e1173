"""Which offsets may be committed when records of a partition finish in any order.

Committed is the lowest unfinished offset: a crash re-reads from there and loses nothing. Offsets finished above it go
into the commit's metadata, so that the same crash repeats only what was not finished. Kafka keeps 4,096 bytes of
metadata; we stay near 3 KB (``METADATA_LIMIT``) and pause the partition at that point rather than forget.

What this module refuses to know: time and Kafka. When to commit is the caller's policy.
"""

import base64
from collections.abc import Iterable
from dataclasses import dataclass, field

#: Bytes of commit metadata we use at most; brokers allow 4,096 by default (offset.metadata.max.bytes).
METADATA_LIMIT = 3_072
_VERSION = "1:"


@dataclass(slots=True)
class OffsetTracker:
    """Progress in one partition since it was assigned.

    ``committed`` is the offset read at assignment, ``finished_above`` what its metadata said. Not thread-safe: one
    owner feeds it.
    """

    committed: int
    finished_above: frozenset[int] = frozenset()
    _next: int = field(init=False)
    _unfinished: dict[int, None] = field(init=False, default_factory=dict)
    _finished: set[int] = field(init=False)

    def __post_init__(self) -> None:
        self._next = self.committed
        self._finished = {offset for offset in self.finished_above if offset >= self.committed}

    def start(self, offset: int) -> bool:
        """A record was read. False when it is finished already and must be skipped."""
        if offset >= self._next:
            self._next = offset + 1
        if offset < self.committed or offset in self._finished:
            return False
        self._unfinished[offset] = None
        return True

    def finish(self, offset: int) -> None:
        """Everything this record led to is acknowledged."""
        del self._unfinished[offset]
        self._finished.add(offset)

    @property
    def lowest_unfinished(self) -> int:
        """The offset to commit: everything below is finished."""
        # Records are read in order, so the first key of the dict is the lowest.
        return next(iter(self._unfinished), self._next)

    @property
    def unfinished(self) -> int:
        return len(self._unfinished)

    def commit_point(self) -> tuple[int, str]:
        """(offset, metadata) to commit now."""
        lowest = self.lowest_unfinished
        self._finished = {offset for offset in self._finished if offset >= lowest}
        return lowest, encode_finished(lowest, self._finished)

    def is_full(self) -> bool:
        """True when the metadata is at its cap: pause the partition until the lowest one finishes."""
        return len(self.commit_point()[1]) >= METADATA_LIMIT


def encode_finished(base: int, finished: Iterable[int]) -> str:
    """Offsets above ``base`` as alternating gap and run lengths, in base-128 varints, in base64: a long run costs three
    bytes, an isolated offset two."""
    lengths: list[int] = []
    position = base
    run_start: int | None = None
    for offset in sorted(finished):
        if run_start is not None and offset == position:
            position += 1
            continue
        if run_start is not None:
            lengths.append(position - run_start)
        lengths.append(offset - position)
        run_start = offset
        position = offset + 1
    if run_start is None:
        return ""
    lengths.append(position - run_start)
    raw = bytearray()
    for length in lengths:
        rest = length
        while rest >= 0x80:
            raw.append(rest & 0x7F | 0x80)
            rest >>= 7
        raw.append(rest)
    return _VERSION + base64.b64encode(raw).decode()


def decode_finished(base: int, metadata: str) -> frozenset[int]:
    """The inverse of :func:`encode_finished`. Metadata of another writer or version is read as "nothing finished",
    which costs repetition and loses nothing."""
    if not metadata.startswith(_VERSION):
        return frozenset()
    lengths: list[int] = []
    value = shift = 0
    for byte in base64.b64decode(metadata.removeprefix(_VERSION)):
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            lengths.append(value)
            value = shift = 0
    finished: list[int] = []
    position = base
    for gap, run in zip(lengths[::2], lengths[1::2], strict=True):
        position += gap
        finished.extend(range(position, position + run))
        position += run
    return frozenset(finished)
