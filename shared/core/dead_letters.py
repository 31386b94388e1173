"""Dead letters: what becomes of a record that cannot be processed.

The original bytes are kept untouched as key and value; where they came from and why they are here stands in headers, so
that no decoding is needed to find out, and replaying is writing key, value and the original headers back. A dead letter
is our fault or a producer's, never a receiver's: a webhook that fails is a recorded outcome.

A topic only grows, so that a record was written again stands on the same topic as a `Replay`, under the same key and
thus behind the dead letters it is about. Whoever reads the topic to its end knows what is still open, and nothing else
has to be asked.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from shared.core.topics import MAX_RECORD_BYTES

PREFIX: Final = "dead-letter-"
#: Headers of the original record are kept under this prefix.
ORIGINAL_PREFIX: Final = "original-"
#: Header of a record that somebody wrote back to its topic: it is wanted, even where the like of it was seen before.
REPLAYED_HEADER: Final = "dead-letter-replayed"
#: Longest detail kept: a traceback is worth its last lines, and a header is no place for more.
MAX_DETAIL_CHARS: Final = 8_000
#: Bytes of original key, value and headers kept at most: what a topic takes, less room for what we say about it.
MAX_ORIGINAL_BYTES: Final = MAX_RECORD_BYTES - 64 * 1024
#: What is kept of key and of value beyond that, in bytes.
CUT_BYTES: Final = 512 * 1024


class Reason(StrEnum):
    """``invalid``: the bytes can never be processed. ``internal``: our own code raised on them."""

    INVALID = "invalid"
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One record set aside, with where it stood, who set it aside and why."""

    topic: str
    partition: int
    offset: int
    service: str
    reason: Reason
    detail: str
    key: bytes | None
    value: bytes | None
    original_headers: tuple[tuple[str, bytes], ...]
    #: Only the beginnings of key and value are here, and no headers.
    cut: bool = False

    def fitted(self) -> "DeadLetter":
        """This dead letter, cut down if no topic would take it; the whole record stands where it came from. Compressed
        records and direct producers can exceed what we write ourselves."""
        sizes = [len(name) + len(ORIGINAL_PREFIX) + len(raw) for name, raw in self.original_headers]
        if len(self.key or b"") + len(self.value or b"") + sum(sizes) <= MAX_ORIGINAL_BYTES:
            return self
        return replace(
            self,
            detail=f"{self.detail} | too large to keep: headers left out, key and value cut to {CUT_BYTES} bytes",
            key=None if self.key is None else self.key[:CUT_BYTES],
            value=None if self.value is None else self.value[:CUT_BYTES],
            original_headers=(),
            cut=True,
        )

    def record_key(self) -> bytes:
        return self.topic.encode()

    def headers(self) -> list[tuple[str, bytes]]:
        said = {
            "topic": self.topic,
            "partition": str(self.partition),
            "offset": str(self.offset),
            "service": self.service,
            "reason": self.reason.value,
            "detail": self.detail[-MAX_DETAIL_CHARS:],
        }
        if self.cut:
            said["cut"] = "true"
        headers = [(PREFIX + name, text.encode("utf-8", "replace")) for name, text in said.items()]
        if self.key is not None:
            headers.append((PREFIX + "key", self.key))
        headers.extend((ORIGINAL_PREFIX + name, value) for name, value in self.original_headers)
        return headers


@dataclass(frozen=True, slots=True)
class Replay:
    """Says that the record that stood at ``offset`` was written to its topic again, and where it stands now.

    ``corrected``: with another value than the one that was set aside.
    """

    topic: str
    partition: int
    offset: int
    new_partition: int
    new_offset: int
    corrected: bool

    def record_key(self) -> bytes:
        return self.topic.encode()

    def headers(self) -> list[tuple[str, bytes]]:
        said = {
            "topic": self.topic,
            "partition": str(self.partition),
            "offset": str(self.offset),
            "replayed-partition": str(self.new_partition),
            "replayed-offset": str(self.new_offset),
            "corrected": "true" if self.corrected else "false",
        }
        return [(PREFIX + name, text.encode()) for name, text in said.items()]


def read_entry(headers: list[tuple[str, bytes]], value: bytes | None) -> DeadLetter | Replay:
    """What a record of the topic says. Raises KeyError when a header is missing, ValueError when one is malformed."""
    said = {name.removeprefix(PREFIX): raw for name, raw in headers if name.startswith(PREFIX)}
    if "replayed-offset" not in said:
        return read_dead_letter(headers, value)
    return Replay(
        topic=said["topic"].decode(),
        partition=int(said["partition"]),
        offset=int(said["offset"]),
        new_partition=int(said["replayed-partition"]),
        new_offset=int(said["replayed-offset"]),
        corrected=said["corrected"] == b"true",
    )


def read_dead_letter(headers: list[tuple[str, bytes]], value: bytes | None) -> DeadLetter:
    """The dead letter a record holds. Raises KeyError when a header is missing, ValueError when one is malformed."""
    said = {name.removeprefix(PREFIX): raw for name, raw in headers if name.startswith(PREFIX)}
    return DeadLetter(
        topic=said["topic"].decode(),
        partition=int(said["partition"]),
        offset=int(said["offset"]),
        service=said["service"].decode(),
        reason=Reason(said["reason"].decode()),
        detail=said["detail"].decode(),
        key=said.get("key"),
        value=value,
        original_headers=tuple(
            (name.removeprefix(ORIGINAL_PREFIX), raw) for name, raw in headers if name.startswith(ORIGINAL_PREFIX)
        ),
        cut=said.get("cut") == b"true",
    )
