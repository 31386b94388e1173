"""What the topic of dead letters says about each record: where it stood, who set it aside and why, whether it was
replayed.

Pure: records in, entries out. The same record may have been set aside by several services, and twice by one that was
killed; topic, partition and offset say that it is the same, so it is one entry and replayed once. Values are not kept,
so that memory does not depend on their sizes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from deploy.cli.failures import Failed
from shared.core.dead_letters import DeadLetter, Reason, Replay, read_entry
from shared.core.records import Record

#: Entries kept at most; one is some 700 bytes.
MAX_ENTRIES = 100_000
#: Characters kept of why it was set aside.
_SHORT_DETAIL = 200


class Place(NamedTuple):
    """Where a record stood when it was set aside; as text ``topic/partition/offset``."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


def read_place(text: str, prefix: str, names: Iterable[str]) -> Place:
    """The place that ``text`` names; a topic may be given without the fleet's prefix.

    Raises Failed when it is none.
    """
    topic, _, rest = text.partition("/")
    partition, _, offset = rest.partition("/")
    # Not int() alone, which reads spaces, signs and digits of other scripts.
    if not (topic and _is_number(partition) and _is_number(offset)):
        raise Failed(f"{text} is no place: write TOPIC/PARTITION/OFFSET, as `hookfleet dead-letters list` does")
    return Place(full_topic(topic, prefix, names), int(partition), int(offset))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 20


def full_topic(topic: str, prefix: str, names: Iterable[str]) -> str:
    """A topic's name with the fleet's ``prefix``, which may be left out; ``names`` are the fleet's topics."""
    known = set(names)
    return prefix + topic if topic not in known and prefix + topic in known else topic


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries are asked for; None is all."""

    topic: str | None = None
    reason: Reason | None = None
    service: str | None = None
    since_ms: int | None = None
    places: frozenset[Place] | None = None

    def may_hold(self, place: Place) -> bool:
        """What a single dead letter can decide."""
        return (self.topic in (None, place.topic)) and (self.places is None or place in self.places)

    def holds(self, entry: Entry) -> bool:
        """What all dead letters about a record decide: whoever set it aside, for whatever reason, at any time."""
        return (
            (self.service is None or self.service in entry.services)
            and (self.reason is None or self.reason in entry.reasons)
            and (self.since_ms is None or entry.last_ms >= self.since_ms)
        )


@dataclass(slots=True)
class Entry:
    """One record that was set aside. ``first`` is where its first dead letter stands: partition and offset; ``empty``
    is one with neither key nor value. Times are milliseconds since 1970."""

    place: Place
    first: tuple[int, int]
    first_ms: int
    last_ms: int
    detail: str
    size: int
    cut: bool
    empty: bool
    services: Counter[str] = field(default_factory=Counter)
    reasons: set[Reason] = field(default_factory=set)
    replay: Replay | None = None
    replayed_ms: int | None = None
    replays: int = 0


class Catalogue:
    """Takes in the topic's records, each partition's in order."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._entries: dict[Place, Entry] = {}
        #: Records of the topic that say nothing readable.
        self.unreadable = 0

    def take(self, record: Record) -> None:
        """Raises Failed when more entries match than can be kept."""
        said = read_said(record)
        match said:
            case None:
                self.unreadable += 1
            case Replay():
                self._take_replay(said, record)
            case DeadLetter():
                self._take_letter(said, record)

    def _take_replay(self, replay: Replay, record: Record) -> None:
        entry = self._entries.get(Place(replay.topic, replay.partition, replay.offset))
        if entry is not None:
            entry.replay, entry.replayed_ms = replay, record.timestamp_ms
            entry.replays += 1

    def _take_letter(self, letter: DeadLetter, record: Record) -> None:
        place = Place(letter.topic, letter.partition, letter.offset)
        if not self._wanted.may_hold(place):
            return
        entry = self._entries.get(place)
        if entry is None:
            if len(self._entries) >= MAX_ENTRIES:
                raise Failed(f"more than {MAX_ENTRIES:,} records: ask for fewer with --topic or --since")
            entry = self._entries[place] = Entry(
                place,
                first=(record.partition, record.offset),
                first_ms=record.timestamp_ms,
                last_ms=record.timestamp_ms,
                detail="",
                size=len(letter.value or b""),
                cut=letter.cut,
                empty=letter.key is None and letter.value is None,
            )
        entry.detail = _in_short(letter.detail)
        entry.last_ms = max(entry.last_ms, record.timestamp_ms)
        entry.services[letter.service] += 1
        entry.reasons.add(letter.reason)

    def newest_first(self) -> list[Entry]:
        """Entries that are wanted, by when they were last set aside."""
        return sorted(self._held(), key=lambda entry: (-entry.last_ms, entry.place))

    def in_order(self) -> list[Entry]:
        """Entries that are wanted, each topic's in the order in which they were set aside."""
        return sorted(self._held(), key=lambda entry: entry.first)

    def _held(self) -> Iterable[Entry]:
        return (entry for entry in self._entries.values() if self._wanted.holds(entry))


def read_said(record: Record) -> DeadLetter | Replay | None:
    """What a record of the topic says; None where it is not one of ours."""
    try:
        return read_entry(list(record.header_list), record.value)
    except (KeyError, ValueError):
        return None


def _in_short(detail: str) -> str:
    """The line that says most: of a traceback the last one."""
    lines = [line.strip() for line in detail.splitlines() if line.strip()]
    if not lines:
        return ""
    return (lines[-1] if lines[0].startswith("Traceback") else lines[0])[:_SHORT_DETAIL]
