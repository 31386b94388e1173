"""Which offsets may be committed when records of a partition finish in any order.

Committed is the lowest unfinished offset: a crash re-reads from there and loses nothing. Offsets finished above it go
into the commit's metadata, so that the same crash repeats only what was not finished. Kafka keeps 4,096 bytes of
metadata; we stay near 3 KB (``METADATA_LIMIT``) and pause the partition at that point rather than forget.

What this module refuses to know: time and Kafka. When to commit is the caller's policy.
"""

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

#: Bytes of commit metadata at which we stop reading ahead; brokers allow 4,096 by default (offset.metadata.max.bytes).
METADATA_LIMIT = 3_072
_VERSION = "1:"
#: Ends what stands in the metadata about finished offsets; whatever follows is another module's.
END_OF_FINISHED = "|"
_MAX_RAW_BYTES = (4_096 - len(_VERSION)) // 4 * 3


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
        return bool(self._unfinished) and len(self.commit_point()[1]) >= METADATA_LIMIT


def encode_finished(base: int, finished: Iterable[int]) -> str:
    """Offsets above ``base`` as alternating gap and run lengths, in base-128 varints, in base64: a long run costs three
    bytes, an isolated offset two.

    What was read ahead when a partition is paused may still finish; of that, what brokers would not take is left out,
    highest first, which costs repetition and loses nothing."""
    return encode_runs(base, _runs(finished))


def encode_runs(base: int, runs: Iterable[tuple[int, int]]) -> str:
    """The same of runs, each its first offset and the one after its last, lowest first."""
    raw = bytearray()
    position = base
    for start, end in runs:
        pair = varint(start - position) + varint(end - start)
        if len(raw) + len(pair) > _MAX_RAW_BYTES:
            break
        raw += pair
        position = end
    return _VERSION + base64.b64encode(raw).decode() if raw else ""


def _runs(offsets: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Consecutive offsets as (first, last + 1), lowest first."""
    start = end = -1
    for offset in sorted(offsets):
        if offset == end:
            end += 1
            continue
        if end >= 0:
            yield start, end
        start, end = offset, offset + 1
    if end >= 0:
        yield start, end


def varint(number: int) -> bytes:
    """Seven bits a byte, lowest first; the high bit says that more follow."""
    raw = bytearray()
    while number >= 0x80:
        raw.append(number & 0x7F | 0x80)
        number >>= 7
    raw.append(number)
    return bytes(raw)


def decode_finished(base: int, metadata: str) -> frozenset[int]:
    """The inverse of :func:`encode_finished`. Metadata of another writer or version is read as "nothing finished",
    which costs repetition and loses nothing."""
    return frozenset(offset for run in decode_runs(base, metadata) for offset in range(*run))


def decode_runs(base: int, metadata: str) -> list[tuple[int, int]]:
    """The inverse of :func:`encode_runs`; otherwise as :func:`decode_finished`."""
    finished, _, _ = metadata.partition(END_OF_FINISHED)
    if not finished.startswith(_VERSION):
        return []
    try:
        raw = base64.b64decode(finished.removeprefix(_VERSION), validate=True)
    except ValueError:
        return []
    lengths = list(varints(raw))
    runs: list[tuple[int, int]] = []
    position = base
    for gap, run in zip(lengths[::2], lengths[1::2], strict=False):
        position += gap
        runs.append((position, position + run))
        position += run
    return runs


def varints(raw: bytes) -> Iterator[int]:
    """The numbers that :func:`varint` wrote one after another; a cut one at the end is left out."""
    value = shift = 0
    for byte in raw:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            yield value
            value = shift = 0
