"""Dead letters as people read them.

Pure: entries in, something Rich can draw out. What producers sent is shown so that no byte of it can command the
terminal (`deploy.cli.printable`): text with control characters in it is shown as a hex dump or with those escaped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deploy.cli.dead_letters_catalogue import Entry, Place
from deploy.cli.printable import hex_dump, in_a_line, moment, readable, visible
from shared.core.dead_letters import DeadLetter, Reason

_STYLES = {Reason.INVALID: "yellow", Reason.INTERNAL: "red"}
#: How much of a value is shown: characters of a text, bytes of a dump. All of it goes to a file.
_SHOWN_CHARACTERS = 2_000
_SHOWN_BYTES = 256


def list_view(entries: Sequence[Entry]) -> Group:
    """A line a record, with its columns aligned, and below it why."""
    rows = [_cells(entry) for entry in entries]
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    lines: list[RenderableType] = []
    for entry, row in zip(entries, rows, strict=True):
        for cell, width in zip(row[:-1], widths, strict=False):
            cell.pad_right(width - cell.cell_len)
        lines.append(Text("  ").join(row))
        lines.append(_indented(Text(visible(entry.detail), style="dim")))
    return Group(*lines)


def _cells(entry: Entry) -> list[Text]:
    return [
        Text(moment(entry.last_ms), style="dim"),
        Text(str(entry.place), style="bold"),
        Text(" ").join(Text(reason, style=_STYLES[reason]) for reason in sorted(entry.reasons)),
        Text(f"by {by_whom(entry.services)}"),
        Text(f"{entry.size:,}{'+' if entry.cut else ''} bytes"),
        Text.from_markup(_state(entry)),
    ]


def by_whom(services: Counter[str]) -> str:
    """Services, and how often where it was more than once."""
    return ", ".join(visible(name) + (f" x{count}" if count > 1 else "") for name, count in sorted(services.items()))


def _state(entry: Entry) -> str:
    if entry.replay is None:
        return "open"
    where = f"{entry.replay.new_partition}/{entry.replay.new_offset}"
    corrected = ", corrected" if entry.replay.corrected else ""
    return f"[green]replayed[/] [dim]as {where}{corrected}[/]"


def choice_table(entries: Iterable[Entry]) -> Table:
    """How many of which topic and reason."""
    counts = Counter((entry.place.topic, "+".join(sorted(entry.reasons))) for entry in entries)
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(justify="right")
    for (topic, reasons), count in sorted(counts.items()):
        table.add_row(f"{count:,}", f"[bold]{escape(topic)}[/]", reasons)
    return table


def letter_view(place: Place, letters: Sequence[tuple[DeadLetter, int]], entry: Entry) -> Group:
    """All that is known of one record: ``letters`` with the times they were written, oldest first."""
    first = letters[0][0]
    return Group(*_letter_parts(place, first, letters, entry))


def _letter_parts(
    place: Place, first: DeadLetter, letters: Sequence[tuple[DeadLetter, int]], entry: Entry
) -> Iterator[RenderableType]:
    yield f"[bold]{escape(str(place))}[/]  {_state(entry)}"
    if first.cut:
        yield "[yellow]![/] too large to keep: only the beginning of key and value is here, and no headers"
    for letter, at_ms in letters:
        style = _STYLES[letter.reason]
        yield f"\n[{style}]{letter.reason}[/] by [bold]{escape(visible(letter.service))}[/] [dim]{moment(at_ms)}[/]"
        yield _indented(Text(visible(letter.detail.rstrip(), lines=True)))
    if entry.replay is not None and entry.replayed_ms is not None:
        stands = Place(place.topic, entry.replay.new_partition, entry.replay.new_offset)
        times = f" [dim](the last of {entry.replays} times)[/]" if entry.replays > 1 else ""
        yield (
            f"\n[green]replayed[/] [dim]{moment(entry.replayed_ms)}[/] as [bold]{escape(str(stands))}[/]"
            f"{' with a corrected value' if entry.replay.corrected else ''}{times}"
        )
    yield "\n[dim]key[/]"
    yield _indented(Text("(none)", style="dim") if first.key is None else Text(in_a_line(first.key)))
    yield "\n[dim]headers[/]"
    yield _indented(_headers(first))
    yield f"\n[dim]value, {len(first.value or b''):,} bytes[/]"
    yield _indented(_value(first.value))


def _indented(content: RenderableType) -> Padding:
    return Padding(content, (0, 0, 0, 2), expand=False)


def _headers(letter: DeadLetter) -> RenderableType:
    if not letter.original_headers:
        return Text("(none)", style="dim")
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, content in letter.original_headers:
        table.add_row(Text(visible(name), style="bold"), Text(in_a_line(content), overflow="fold"))
    return table


def _value(value: bytes | None) -> RenderableType:
    if value is None:
        return Text("(none: a record without a value)", style="dim")
    text = readable(value)
    if text is None:
        shown, left = hex_dump(value[:_SHOWN_BYTES]), f"{len(value) - _SHOWN_BYTES:,} bytes"
        is_whole = len(value) <= _SHOWN_BYTES
    else:
        shown, left = text[:_SHOWN_CHARACTERS], f"{len(text) - _SHOWN_CHARACTERS:,} characters"
        is_whole = len(text) <= _SHOWN_CHARACTERS
    return Text(shown) if is_whole else Group(Text(shown), f"[dim]… {left} more; --raw FILE writes all of it[/]")


def document(place: Place, letters: Sequence[tuple[DeadLetter, int]], entry: Entry) -> dict[str, Any]:
    """One record for programs; bytes that are no text come as ``…_hex``."""
    first = letters[0][0]
    return {
        **list_document(entry),
        "set_aside": [
            {"by": letter.service, "reason": letter.reason, "at": moment(at_ms), "detail": letter.detail}
            for letter, at_ms in letters
        ],
        **_bytes("key", first.key),
        "headers": [{"name": name, **_bytes("value", content)} for name, content in first.original_headers],
        **_bytes("value", first.value),
    }


def list_document(entry: Entry) -> dict[str, Any]:
    """One line of the list for programs."""
    replay = entry.replay
    return {
        "place": str(entry.place),
        "topic": entry.place.topic,
        "partition": entry.place.partition,
        "offset": entry.place.offset,
        "reasons": sorted(entry.reasons),
        "services": dict(sorted(entry.services.items())),
        "first_set_aside": moment(entry.first_ms),
        "last_set_aside": moment(entry.last_ms),
        "detail": entry.detail,
        "value_bytes": entry.size,
        "cut": entry.cut,
        "replayed": None
        if replay is None or entry.replayed_ms is None
        else {
            "at": moment(entry.replayed_ms),
            "partition": replay.new_partition,
            "offset": replay.new_offset,
            "corrected": replay.corrected,
            "times": entry.replays,
        },
    }


def _bytes(name: str, raw: bytes | None) -> dict[str, str | None]:
    text = "" if raw is None else readable(raw)
    if raw is None:
        return {name: None}
    return {name: text} if text is not None else {f"{name}_hex": raw.hex()}
