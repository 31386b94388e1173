"""Replaying dead letters: which may go, the question before, and writing them in small transactions.

What is replayed was read before the operator said yes; so after the right to replay is taken, the topic is read on, and
what somebody else replayed meanwhile is left out (`shared.adapters.dead_letter_replay` says why that is enough).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import typer
from rich.console import Console

from deploy.cli.dead_letters_catalogue import Catalogue, Entry, read_said
from deploy.cli.dead_letters_view import choice_table
from deploy.cli.failures import Failed, errors
from deploy.cli.progress import progress_bar
from shared.adapters.dead_letter_replay import DeadLetterReplay, ReplayFailed, Written
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_reader import TopicReader
from shared.core.dead_letters import DeadLetter, Replay
from shared.core.faults import Fault
from shared.core.topics import Topics

#: Records and bytes of one transaction: what is written again when one fails, and held in memory meanwhile.
_BATCH_RECORDS = 200
_BATCH_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a record is not replayed, and what to do instead."""

    why: str
    instead: str


_BEFORE = Obstacle("replayed before", "--again writes it once more")
_CUT = Obstacle("too large to keep, only its beginning is here", "read it where it stood and send it anew")
_EMPTY = Obstacle("it has neither key nor value, which no client writes", "give it one with --value")
_STRANGE = Obstacle("this fleet has no such topic", "check HOOKFLEET_TOPIC_PREFIX")
_LATEST = Obstacle(
    "its topic keeps the latest record of each key, so an old one could undo a newer",
    "make the change again: apply the resource, enable or disable the integration",
)


def obstacle(entry: Entry, topics: Topics, *, again: bool, corrected: bool) -> Obstacle | None:
    """What keeps a record from being replayed, if anything."""
    topic = next((each for each in topics.all() if each.name == entry.place.topic), None)
    if topic is None or topic is topics.dead_letters:
        return _STRANGE
    if topic.compacted:
        return _LATEST
    if entry.cut:
        return _CUT
    if entry.empty and not corrected:
        return _EMPTY
    return _BEFORE if entry.replay is not None and not again else None


def check_named(entries: Sequence[Entry], topics: Topics, *, again: bool, corrected: bool) -> None:
    """Raises Failed with a fault for each record that was named and cannot be replayed."""
    found = [(entry, why) for entry in entries if (why := obstacle(entry, topics, again=again, corrected=corrected))]
    if found:
        faults = [Fault(str(entry.place), why.why, why.instead) for entry, why in found]
        raise Failed(f"nothing replayed, {len(faults)} of {len(entries)} cannot be:", faults)


def without_obstacle(entries: Sequence[Entry], topics: Topics, *, again: bool) -> list[Entry]:
    """Those that can be replayed. Says how many of the others are left out, and why; what was replayed is no news."""
    obstacles = [obstacle(entry, topics, again=again, corrected=False) for entry in entries]
    for why, count in Counter(each for each in obstacles if each not in (None, _BEFORE)).items():
        if why is not None:
            errors.print(f"[yellow]![/] {count:,} left out: {why.why}; [dim]{why.instead}[/]")
    return [entry for entry, why in zip(entries, obstacles, strict=True) if why is None]


def confirm(console: Console, entries: Sequence[Entry], *, corrected: bool) -> None:
    """Ask. Raises Failed unless the answer is yes."""
    console.print(choice_table(entries))
    what = "Write it back with the corrected value?" if corrected else f"Write {len(entries):,} back?"
    try:
        agreed = typer.confirm(what, err=True)
    except typer.Abort:
        agreed = False
    if not agreed:
        raise Failed("nothing replayed: not confirmed (--yes does not ask)")


def replay(
    settings: ServiceSettings,
    reader: TopicReader,
    found: Catalogue,
    entries: Sequence[Entry],
    *,
    again: bool,
    corrected: bytes | None,
) -> list[Replay]:
    """Replay ``entries`` of the catalogue that ``reader`` was read into; where each stands now.

    Raises Failed, saying how many were replayed before it stopped.
    """
    done: list[Replay] = []
    replaying = DeadLetterReplay(settings)
    try:
        replaying.take()
        for record in reader.unread():
            found.take(record)
        left = [entry for entry in entries if again or entry.replay is None]
        with progress_bar("replaying", "records") as bar:
            task = bar.add_task("", total=len(left))
            for batch in _batches(reader, settings, left, corrected):
                done += replaying.write(batch)
                bar.update(task, completed=len(done))
    except ReplayFailed as error:
        raise Failed(
            f"{len(done):,} of {len(entries):,} replayed, then: {error}. Give the same command again: what is replayed "
            "is left out"
        ) from None
    finally:
        replaying.close()
    return done


def _batches(
    reader: TopicReader, settings: ServiceSettings, entries: Sequence[Entry], corrected: bytes | None
) -> Iterator[list[Written]]:
    """The letters of ``entries``, read once more for their bytes, in groups of one transaction."""
    wanted = {entry.first for entry in entries}
    topic = settings.topics().dead_letters.name
    starts: dict[tuple[str, int], int] = {}
    for partition, offset in sorted(wanted, reverse=True):
        starts[topic, partition] = offset
    reader.begin_at(starts)
    batch: list[Written] = []
    size = 0
    for record in reader.unread():
        letter = read_said(record) if (record.partition, record.offset) in wanted else None
        if not isinstance(letter, DeadLetter):
            continue
        written = Written(letter, letter.value if corrected is None else corrected)
        batch.append(written)
        size += len(written.value or b"")
        if len(batch) >= _BATCH_RECORDS or size >= _BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def replay_document(replays: Sequence[Replay]) -> list[dict[str, object]]:
    """What was replayed, for programs."""
    return [
        {
            "place": f"{each.topic}/{each.partition}/{each.offset}",
            "partition": each.new_partition,
            "offset": each.new_offset,
            "corrected": each.corrected,
        }
        for each in replays
    ]
