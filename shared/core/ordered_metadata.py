"""What the commit of a strictly ordered partition says: which offsets are finished, and how far the waiting heads are.

A run that is retried in order stays where it is in the topic, so its progress cannot travel in a record of its own: it
stands in the commit's metadata, beside the finished offsets. Of each attempt there is what a run's outcome tells about
it; the full exchange is in the run log. Everything is a base-128 varint, times as differences: a head costs some 20
bytes and 7 more per attempt, a third more once in base64.

The layout is frozen by its version; readers of another one find nothing held, so attempts begin at one again: late and
repeated, but in order and not lost.
"""

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from shared.core.messages.delivery import AttemptSummary, DeliveryRequest
from shared.core.offset_tracking import END_OF_FINISHED, decode_runs, encode_runs, varint, varints
from shared.core.ordered_offsets import OffsetRuns, Run

_VERSION: Final = "1:"
#: Codes other than http.NNN, by their number here less `_FIRST_WORD`: append, never reorder. A code that is not listed
#: is kept as "unknown".
CODES: Final = (
    "unknown",
    "dns.failed",
    "connect.refused",
    "connect.timeout",
    "connect.failed",
    "tls.failed",
    "read.timeout",
    "connection.closed",
    "protocol.invalid",
    "tls.expired",
    "tls.self-signed",
    "tls.wrong-name",
    "tls.untrusted",
    "tls.client-certificate",
    "proxy.refused",
    "proxy.failed",
    "token.unreachable",
    "success.false",
    "receiver.overloaded",
)
_FIRST_WORD: Final = 1_000


@dataclass(frozen=True, slots=True)
class HeldAttempt:
    """One failed attempt, in milliseconds."""

    started_ms: int
    duration_ms: int
    code: str


@dataclass(frozen=True, slots=True)
class Held:
    """How far a run is that waits for its next attempt at the head of its key."""

    attempts: tuple[HeldAttempt, ...]
    due_ms: int
    epoch: int
    waited_ms: int

    @classmethod
    def of(cls, first: DeliveryRequest, now: DeliveryRequest, due_ms: int) -> Self:
        """What became of the request ``first``, as it stands in the topic: its next attempt is ``now``."""
        made = now.attempts[len(first.attempts) :]
        return cls(
            tuple(HeldAttempt(each.started_ms, each.duration_ms, each.code) for each in made),
            due_ms,
            now.epoch or 0,
            now.waited_ms,
        )

    def applied_to(self, first: DeliveryRequest) -> DeliveryRequest:
        """The inverse: the request as its next attempt finds it."""
        made = tuple(
            AttemptSummary(
                number=number,
                started_ms=each.started_ms,
                duration_ms=each.duration_ms,
                code=each.code,
                http_status=int(each.code[5:]) if each.code.startswith("http.") else None,
            )
            for number, each in enumerate(self.attempts, start=first.next_attempt)
        )
        return first.model_copy(
            update={
                "attempts": (*first.attempts, *made),
                "step": first.step + len(made),
                "first_sent_ms": first.first_sent_ms or made[0].started_ms,
                "epoch": self.epoch,
                "waited_ms": self.waited_ms,
            }
        )

    def encode(self) -> bytes:
        """Without its offset. A clock that went back counts as one that stood still."""
        raw = varint(len(self.attempts)) + varint(self.epoch) + varint(self.waited_ms)
        before = 0
        for each in self.attempts:
            duration_ms = max(0, each.duration_ms)
            raw += varint(max(0, each.started_ms - before)) + varint(duration_ms) + varint(_number_of(each.code))
            before = max(before, each.started_ms) + duration_ms
        return raw + varint(max(0, self.due_ms - before))


def encode_commit(base: int, finished: OffsetRuns, held: Mapping[int, bytes]) -> str:
    """Metadata for a commit at ``base``; ``held`` are encoded heads by offset."""
    text = encode_runs(base, finished)
    if not held:
        return text
    raw = bytearray()
    before = base
    for offset in sorted(held):
        raw += varint(offset - before) + held[offset]
        before = offset
    return f"{text}{END_OF_FINISHED}{_VERSION}{base64.b64encode(raw).decode()}"


def decode_commit(base: int, metadata: str) -> tuple[list[Run], dict[int, Held]]:
    """The inverse: runs of finished offsets, and held heads by offset. What cannot be read is left out."""
    _, _, text = metadata.partition(END_OF_FINISHED)
    held: dict[int, Held] = {}
    if text.startswith(_VERSION):
        try:
            numbers = varints(base64.b64decode(text.removeprefix(_VERSION), validate=True))
            offset = base
            for gap in numbers:
                offset += gap
                held[offset] = _decode_held(numbers)
        except (ValueError, StopIteration):
            held = {}
    return decode_runs(base, metadata), held


def _decode_held(numbers: Iterator[int]) -> Held:
    count, epoch, waited_ms = next(numbers), next(numbers), next(numbers)
    attempts: list[HeldAttempt] = []
    before = 0
    for _ in range(count):
        started_ms = before + next(numbers)
        duration_ms = next(numbers)
        attempts.append(HeldAttempt(started_ms, duration_ms, _code_of(next(numbers))))
        before = started_ms + duration_ms
    return Held(tuple(attempts), before + next(numbers), epoch, waited_ms)


def _number_of(code: str) -> int:
    kind, _, status = code.partition(".")
    if kind == "http" and status.isascii() and status.isdigit() and len(status) == 3:
        return int(status)
    return _FIRST_WORD + (CODES.index(code) if code in CODES else 0)


def _code_of(number: int) -> str:
    if number < _FIRST_WORD:
        return f"http.{number:03}"
    word = number - _FIRST_WORD
    return CODES[word] if word < len(CODES) else CODES[0]
