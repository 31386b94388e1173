"""One partition of strictly ordered runs: a queue per ordering key, of which only the head is ever attempted.

**Order.** The next record of a key begins when the end of the one before stands in an acknowledged commit, not merely
when it has ended: whoever takes over after a crash begins with what the commit says, and must never go back behind
something that was already sent. So a receiver sees at most the last record of a key again.

**Heads that wait.** Between two attempts a head is *held*: what its next attempt must know is part of the commit
(`shared.core.ordered_metadata`). The other keys go on meanwhile.

**Room.** Kafka keeps 4,096 bytes of metadata and nothing that is finished or held may be left out. So an attempt begins
only if the commit stays within `METADATA_LIMIT` (3 KB) whatever it and all others under way lead to. The lowest
unfinished record alone may begin always: it may use what remains up to 4,096, which is enough for all its attempts,
and when it ends the commit moves up and room comes back. Nothing is forgotten and nothing gets stuck.

**Reading ahead.** A record that waits in a queue costs one number here. A partition reads on until `WINDOW` records are
unfinished or the metadata are full, so a key with a long queue stops the others only when one of these bounds is met.

What this module refuses to know: Kafka, time, records and why attempts fail.
"""

from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import islice

from shared.core.offset_tracking import METADATA_LIMIT
from shared.core.ordered_metadata import Held, decode_commit, encode_commit
from shared.core.ordered_offsets import OffsetRuns

#: Unfinished records a partition knows of at most, in all queues together.
WINDOW = 10_000
#: Bytes of metadata that one attempt can add at most: a new head (offset, three counters, due time, one attempt with
#: times and code) is 32 bytes as varints, a third more in base64, and one padding.
GROWTH = 48


class OrderedPartition:
    """A `shared.adapters.tracking_consumer.Tracker` with queues. Not thread-safe.

    ``offset`` and ``metadata`` are the commit to begin with. Times are milliseconds since 1970.
    """

    def __init__(self, offset: int, metadata: str) -> None:
        finished, held = decode_commit(offset, metadata)
        self._committed = offset
        self._next = offset
        self._finished = OffsetRuns(finished)
        self._held = held
        self._encoded = {each: state.encode() for each, state in held.items()}
        #: Unfinished offsets in their order, with their keys once these are known.
        self._unfinished: dict[int, bytes] = {}
        self._queues: dict[bytes, deque[int]] = {}
        self._ready: list[int] = []
        self._waiting: list[tuple[int, int]] = []
        self._begun: set[int] = set()
        #: Keys whose last record has ended but is in no acknowledged commit yet → the value of `ends` it needs.
        self._settling: dict[bytes, int] = {}
        self._ends = 0
        self._size = len(metadata)
        self._size_is_exact = True
        self.is_closed = False

    # -- what the consumer asks --------------------------------------------------------------------------------

    def start(self, offset: int) -> bool:
        """A record was read. False when it is finished already."""
        if offset >= self._next:
            # Offsets that do not exist would be gaps for ever.
            self._finished.add(self._next, offset)
            self._next = offset + 1
        if offset < self._committed or offset in self._finished:
            return False
        self._unfinished[offset] = b""
        return True

    @property
    def unfinished(self) -> int:
        """Attempts under way, which is what a drain waits for; heads that wait are safe in the commit."""
        return len(self._begun)

    def commit_point(self) -> tuple[int, str]:
        """(offset, metadata) to commit now."""
        lowest = self.lowest_unfinished
        self._finished.drop_below(lowest)
        for gone in [each for each in self._held if each < lowest]:
            del self._held[gone], self._encoded[gone]
        metadata = encode_commit(lowest, self._finished, self._encoded)
        self._size, self._size_is_exact = len(metadata), True
        return lowest, metadata

    def is_full(self) -> bool:
        """Whether to stop reading ahead."""
        return len(self._unfinished) >= WINDOW or (bool(self._unfinished) and not self._has_room_for(1))

    # -- commits -----------------------------------------------------------------------------------------------

    @property
    def ends(self) -> int:
        """How many records have ended so far; all of them are in a commit point taken from now on."""
        return self._ends

    def acknowledged(self, ends: int) -> None:
        """A commit point taken when `ends` was ``ends`` is safe: keys that waited for it go on."""
        while self._settling:
            key, needs = next(iter(self._settling.items()))
            if needs > ends:
                return
            del self._settling[key]
            if key in self._queues:
                self._become_head(self._queues[key][0])

    def waits_for_commit(self) -> bool:
        """Whether a record could begin if only the one before it were committed."""
        return any(key in self._queues for key in self._settling)

    # -- queues ------------------------------------------------------------------------------------------------

    @property
    def lowest_unfinished(self) -> int:
        """The offset to commit: everything below is finished."""
        return next(iter(self._unfinished), self._next)

    def add(self, offset: int, key: bytes) -> int:
        """Queue a record that `start` let through; how many of its key are before it."""
        self._unfinished[offset] = key
        queue = self._queues.setdefault(key, deque())
        queue.append(offset)
        if len(queue) == 1 and key not in self._settling:
            self._become_head(offset)
        return len(queue) - 1

    def begin_next(self, now_ms: int) -> int | None:
        """The record to attempt now, oldest first; None when none may begin."""
        while self._waiting and self._waiting[0][0] <= now_ms:
            heappush(self._ready, heappop(self._waiting)[1])
        if self.is_closed or not self._ready:
            return None
        if self._ready[0] != self.lowest_unfinished and not self._has_room_for(len(self._begun) + 1):
            return None
        offset = heappop(self._ready)
        self._begun.add(offset)
        return offset

    def next_due_ms(self) -> int | None:
        """When the first of the waiting heads is due."""
        return self._waiting[0][0] if self._waiting else None

    def held(self, offset: int) -> Held | None:
        """How far a begun record came before."""
        return self._held.get(offset)

    def following(self, offset: int, count: int) -> Sequence[int]:
        """A head and those behind it, ``count`` at most."""
        return list(islice(self._queues[self._unfinished[offset]], count))

    def hold(self, offset: int, held: Held) -> None:
        """A begun record is to be attempted again later."""
        self._begun.remove(offset)
        self._held[offset] = held
        self._encoded[offset] = held.encode()
        self._size += GROWTH
        self._size_is_exact = False
        heappush(self._waiting, (held.due_ms, offset))

    def finish(self, offset: int) -> None:
        """A begun record has ended and everything it led to is acknowledged."""
        self._begun.remove(offset)
        key = self._unfinished.pop(offset)
        self._held.pop(offset, None)
        self._encoded.pop(offset, None)
        self._finished.add(offset, offset + 1)
        self._size += GROWTH
        self._size_is_exact = False
        queue = self._queues[key]
        queue.popleft()
        if not queue:
            del self._queues[key]
        self._ends += 1
        self._settling[key] = self._ends

    def abandon(self, offset: int) -> None:
        """A begun record was broken off: as if it had not begun."""
        self._begun.remove(offset)
        heappush(self._ready, offset)

    def postpone(self, offset: int, until_ms: int) -> None:
        """A begun record may not begin before ``until_ms`` after all."""
        self._begun.remove(offset)
        heappush(self._waiting, (until_ms, offset))

    def key_of(self, offset: int) -> bytes:
        """The ordering key of an unfinished record."""
        return self._unfinished[offset]

    def close(self) -> None:
        """Nothing begins any more; what has begun may end."""
        self.is_closed = True

    # -- inside ------------------------------------------------------------------------------------------------

    def _become_head(self, offset: int) -> None:
        held = self._held.get(offset)
        if held is None:
            heappush(self._ready, offset)
        else:
            heappush(self._waiting, (held.due_ms, offset))

    def _has_room_for(self, attempts: int) -> bool:
        """Whether the commit stays within its limit whatever so many attempts lead to."""
        limit = METADATA_LIMIT - GROWTH * attempts
        if self._size > limit and not self._size_is_exact:
            self.commit_point()
        return self._size <= limit
