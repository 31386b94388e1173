"""`hookfleet dead-letters`: what could not be processed, why, and its way back."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from deploy.cli.connection import AsJson
from deploy.cli.dead_letters_catalogue import Catalogue, Entry, Place, Wanted, full_topic, read_place, read_said
from deploy.cli.dead_letters_reading import catalogue, dead_letters, fleet_settings, followed
from deploy.cli.dead_letters_replay import check_named, confirm, replay, replay_document, without_obstacle
from deploy.cli.dead_letters_view import document, letter_view, list_document, list_view
from deploy.cli.failures import Failed, errors, readable_failures
from deploy.cli.time_spans import time_of
from shared.adapters.settings import ServiceSettings
from shared.core.dead_letters import DeadLetter, Reason, Replay

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    epilog=(
        "Dead letters belong to no organization, so these commands are an operator's: they read and write Kafka "
        "itself, not the HTTP API, and need [bold]KAFKA_BOOTSTRAP_SERVERS[/] and, where topics have one, "
        "[bold]HOOKFLEET_TOPIC_PREFIX[/]. `hookfleet up` prints what its fleet needs."
    ),
)

_WHICH = "Which records"
#: Dead letters of one record shown; a service that keeps crashing writes the same one again and again.
_SHOWN_LETTERS = 20

Topic = Annotated[
    str | None,
    typer.Option("--topic", metavar="NAME", help="Where they came from, e.g. system-events.", rich_help_panel=_WHICH),
]
WithReason = Annotated[
    Reason | None,
    typer.Option(
        "--reason",
        help="[bold]invalid[/]: the bytes can never be processed. [bold]internal[/]: our own code failed on them.",
        rich_help_panel=_WHICH,
    ),
]
Service = Annotated[
    str | None, typer.Option("--service", metavar="NAME", help="Who set them aside.", rich_help_panel=_WHICH)
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Set aside since then: 90m, 24h, 7d or an RFC 3339 time.",
        rich_help_panel=_WHICH,
    ),
]
_PLACE = "Where it stood, as [bold]list[/] shows it: TOPIC/PARTITION/OFFSET."


@app.callback()
def dead_letters_commands() -> None:
    """List, inspect, correct and replay records that could not be processed."""


@app.command("list")
def list_letters(
    topic: Topic = None,
    reason: WithReason = None,
    service: Service = None,
    since: Since = None,
    only_open: Annotated[
        bool, typer.Option("--open", help="Leave out what was replayed.", rich_help_panel=_WHICH)
    ] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="Show the newest N.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List records that were set aside, newest first. [dim]Each once, with everybody who set it aside.[/]"""
    console = Console(highlight=False)
    with readable_failures():
        settings = fleet_settings()
        with dead_letters(settings) as reader:
            found = catalogue(reader, _wanted(settings, topic, reason, service, since))
        entries = [entry for entry in found.newest_first() if not (only_open and entry.replay)]
        shown = entries[:limit]
        if as_json:
            console.print_json(data={"items": [list_document(entry) for entry in shown], "found": len(entries)})
            return
        _say_unreadable(found)
        if not shown:
            console.print("no dead letters" if topic is None else f"no dead letters of {topic}", markup=False)
            return
        console.print(list_view(shown))
        if len(shown) < len(entries):
            console.print(f"\n[dim]the newest {len(shown):,} of {len(entries):,}; --limit N shows more[/]")


@app.command("show")
def show_letter(
    place: Annotated[str, typer.Argument(metavar="PLACE", help=_PLACE)],
    raw: Annotated[
        Path | None,
        typer.Option("--raw", metavar="FILE|-", help="Write the value's bytes, and nothing else, to a file or stdout."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show one record in full: who set it aside and why, its key, headers and bytes."""
    console = Console(highlight=False)
    with readable_failures():
        settings = fleet_settings()
        asked = _places(settings, [place])
        found, letters = Catalogue(Wanted(places=asked)), list[tuple[DeadLetter, int]]()
        with dead_letters(settings) as reader:
            for record in followed(reader):
                found.take(record)
                said = read_said(record)
                if isinstance(said, DeadLetter) and _place(said) in asked and len(letters) < _SHOWN_LETTERS:
                    letters.append((said, record.timestamp_ms))
        entry = _each(found, asked)[0]
        if raw is not None:
            _write(raw, letters[0][0])
        elif as_json:
            console.print_json(data=document(entry.place, letters, entry))
        else:
            console.print(letter_view(entry.place, letters, entry))


@app.command("replay")
def replay_letters(
    places: Annotated[list[str] | None, typer.Argument(metavar="PLACE", help=_PLACE)] = None,
    every: Annotated[
        bool, typer.Option("--all", help="Every open record that fits the options.", rich_help_panel=_WHICH)
    ] = False,
    topic: Topic = None,
    reason: WithReason = None,
    service: Service = None,
    since: Since = None,
    value: Annotated[
        Path | None,
        typer.Option("--value", metavar="FILE|-", help="Write these bytes instead of one record's own value."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Also what was replayed before.", rich_help_panel=_WHICH)
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write records back to the topics they came from: key, value and headers as they were.

    They are read again by everybody who reads the topic, also by services that had processed them, which know them
    again. What is replayed is marked in the same transaction, so nothing is replayed twice unless --again says so.
    """
    console = Console(highlight=False)
    with readable_failures():
        if bool(places) == every or (places and (topic or reason or service or since)):
            raise Failed("name records as TOPIC/PARTITION/OFFSET, or give --all with --topic, --reason and so on")
        if value is not None and len(places or ()) != 1:
            raise Failed("--value corrects one record: name exactly one")
        if str(value) == "-" and not yes:
            raise Failed("--value - reads stdin, so that nothing can be asked there: give --yes")
        corrected = None if value is None else _bytes_of(value)
        settings = fleet_settings()
        topics = settings.topics()
        with dead_letters(settings) as reader:
            if places:
                asked = _places(settings, places)
                found = catalogue(reader, Wanted(places=asked))
                entries = _each(found, asked)
                check_named(entries, topics, again=again, corrected=corrected is not None)
            else:
                found = catalogue(reader, _wanted(settings, topic, reason, service, since))
                _say_unreadable(found)
                entries = without_obstacle(found.in_order(), topics, again=again)
            if entries and not yes:
                confirm(errors, entries, corrected=corrected is not None)
            replays = replay(settings, reader, found, entries, again=again, corrected=corrected) if entries else []
        if as_json:
            console.print_json(data={"replayed": replay_document(replays)})
        else:
            _show_replays(console, replays)


def _show_replays(console: Console, replays: list[Replay]) -> None:
    if not replays:
        console.print("nothing to replay")
    elif len(replays) == 1:
        one = replays[0]
        place, stands = _place(one), Place(one.topic, one.new_partition, one.new_offset)
        corrected = ", corrected" if one.corrected else ""
        console.print(f"[green]✔[/] {escape(str(place))} replayed as [bold]{escape(str(stands))}[/]{corrected}")
    else:
        console.print(f"[green]✔[/] {len(replays):,} replayed")


def _wanted(
    settings: ServiceSettings, topic: str | None, reason: Reason | None, service: str | None, since: str | None
) -> Wanted:
    names = [each.name for each in settings.topics().all()]
    return Wanted(
        topic=None if topic is None else full_topic(topic, settings.topic_prefix, names),
        reason=reason,
        service=service,
        since_ms=None if since is None else time_of(since, datetime.now(UTC)),
    )


def _places(settings: ServiceSettings, texts: list[str]) -> frozenset[Place]:
    names = [each.name for each in settings.topics().all()]
    return frozenset(read_place(text, settings.topic_prefix, names) for text in texts)


def _place(said: DeadLetter | Replay) -> Place:
    return Place(said.topic, said.partition, said.offset)


def _each(found: Catalogue, asked: frozenset[Place]) -> list[Entry]:
    """The entry of every place. Raises Failed, naming those that have none."""
    entries = found.in_order()
    missing = sorted(asked - {entry.place for entry in entries})
    if missing:
        raise Failed(f"no dead letter of {', '.join(map(str, missing))}: `hookfleet dead-letters list` shows them")
    return entries


def _say_unreadable(found: Catalogue) -> None:
    if found.unreadable:
        errors.print(f"[yellow]![/] not shown: {found.unreadable:,} on the topic that are no dead letters of ours")


def _write(file: Path, letter: DeadLetter) -> None:
    content = letter.value or b""
    if str(file) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Failed(f"cannot write {file}: {error}") from None
    errors.print(f"[green]✔[/] {len(content):,} bytes in {escape(str(file))}")


def _bytes_of(file: Path) -> bytes:
    try:
        return sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise Failed(f"cannot read {file}: {error}") from None
