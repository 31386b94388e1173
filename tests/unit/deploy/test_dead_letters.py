"""Dead letters as the command line sees them: one entry a record, and nothing of it that commands a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from deploy.cli.dead_letters_catalogue import Catalogue, Entry, Place, Wanted, full_topic, read_place
from deploy.cli.dead_letters_replay import obstacle
from deploy.cli.dead_letters_view import document, letter_view, list_document, list_view
from deploy.cli.failures import Failed
from deploy.cli.printable import hex_dump
from deploy.cli.time_spans import time_of
from shared.core.dead_letters import DeadLetter, Reason, Replay
from shared.core.records import Record
from shared.core.topics import Topics, topics

TOPICS = topics("acme.", 2)
NAMES = [topic.name for topic in TOPICS.all()]
EVENTS = TOPICS.system_events.name
HERE = Place(EVENTS, 1, 7)
ALL = Wanted()
NOW = datetime(2030, 1, 31, 12, tzinfo=UTC)


def letter(
    place: Place = HERE,
    *,
    service: str = "dispatcher",
    reason: Reason = Reason.INVALID,
    detail: str = "type: missing; add this field",
    key: bytes | None = b"acme/1",
    value: bytes | None = b"{}",
    cut: bool = False,
) -> DeadLetter:
    return DeadLetter(
        place.topic, place.partition, place.offset, service, reason, detail, key, value, (("h", b"\x1b[31m"),), cut
    )


def replayed(place: Place = HERE, *, new_offset: int = 20, corrected: bool = False) -> Replay:
    return Replay(place.topic, place.partition, place.offset, 0, new_offset, corrected)


def on_topic(*said: DeadLetter | Replay) -> list[Record]:
    """The records that say so, one second after the other."""
    return [
        Record(
            TOPICS.dead_letters.name,
            0,
            offset,
            each.record_key(),
            each.value if isinstance(each, DeadLetter) else None,
            tuple(each.headers()),
            1_000 * offset,
        )
        for offset, each in enumerate(said)
    ]


def entries(*said: DeadLetter | Replay, wanted: Wanted = ALL) -> list[Entry]:
    found = Catalogue(wanted)
    for record in on_topic(*said):
        found.take(record)
    return found.newest_first()


def test_a_record_set_aside_by_several_and_twice_is_one_entry_that_names_them_all() -> None:
    (entry,) = entries(
        letter(), letter(service="event_recorder", reason=Reason.INTERNAL), letter(detail="later"), letter()
    )
    assert entry.services == {"dispatcher": 3, "event_recorder": 1}
    assert entry.reasons == {Reason.INVALID, Reason.INTERNAL}
    assert (entry.first, entry.first_ms, entry.last_ms) == ((0, 0), 0, 3_000)


def test_records_are_told_apart_by_topic_partition_and_offset() -> None:
    places = [Place(EVENTS, 1, 7), Place(EVENTS, 0, 7), Place(EVENTS, 1, 8), Place(TOPICS.deliveries.name, 1, 7)]
    assert [entry.place for entry in entries(*map(letter, places))] == places[::-1]


def test_a_replayed_record_stays_replayed_when_a_slow_service_sets_it_aside_later() -> None:
    (entry,) = entries(letter(), replayed(new_offset=20), letter(service="event_recorder"))
    assert entry.replay == replayed(new_offset=20)
    assert (entry.replayed_ms, entry.replays) == (1_000, 1)


def test_of_several_replays_the_last_one_counts() -> None:
    (entry,) = entries(letter(), replayed(new_offset=20), replayed(new_offset=30, corrected=True))
    assert (entry.replay, entry.replays) == (replayed(new_offset=30, corrected=True), 2)


def test_a_replay_of_something_else_changes_nothing() -> None:
    (entry,) = entries(letter(), replayed(Place(EVENTS, 1, 8)))
    assert entry.replay is None


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Wanted(), 3),
        (Wanted(topic=EVENTS), 2),
        (Wanted(reason=Reason.INTERNAL), 1),
        (Wanted(service="disabler"), 1),
        (Wanted(since_ms=2_000), 1),
        (Wanted(places=frozenset({Place(EVENTS, 1, 8)})), 1),
        (Wanted(topic=EVENTS, reason=Reason.INTERNAL), 0),
    ],
)
def test_only_what_is_wanted_is_found(wanted: Wanted, count: int) -> None:
    internal = letter(Place(TOPICS.deliveries.name, 0, 1), reason=Reason.INTERNAL, service="disabler")
    assert len(entries(internal, letter(), letter(Place(EVENTS, 1, 8)), wanted=wanted)) == count


def test_whoever_asks_for_one_service_still_sees_who_else_set_it_aside() -> None:
    (entry,) = entries(letter(), letter(service="disabler"), wanted=Wanted(service="disabler"))
    assert set(entry.services) == {"dispatcher", "disabler"}


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("dead-letter-topic", b"t"),),
        tuple((name, b"\xff" if name.endswith("service") else raw) for name, raw in letter().headers()),
        tuple((name, b"x" if name.endswith("offset") else raw) for name, raw in letter().headers()),
        tuple((name, b"x" if name.endswith("replayed-offset") else raw) for name, raw in replayed().headers()),
    ],
)
def test_a_record_that_is_no_dead_letter_is_counted_and_stops_nothing(headers: tuple[tuple[str, bytes], ...]) -> None:
    found = Catalogue(Wanted())
    found.take(Record(TOPICS.dead_letters.name, 0, 0, b"k", b"v", headers, 0))
    found.take(on_topic(letter())[0])
    assert (found.unreadable, len(found.newest_first())) == (1, 1)


@pytest.mark.parametrize("text", ["acme.system-events/1/7", "system-events/1/7"])
def test_a_place_is_read_with_and_without_the_prefix(text: str) -> None:
    assert read_place(text, "acme.", NAMES) == Place(EVENTS, 1, 7)


@pytest.mark.parametrize("text", ["", "t", "t/1", "t/1/", "/1/2", "t/a/1", "t/1/-1", "t/1/2/3", "t/ 1/2", "t/\u0661/2"])
def test_what_is_no_place_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(Failed, match="TOPIC/PARTITION/OFFSET"):
        read_place(text, "acme.", NAMES)


def test_a_topic_that_the_fleet_no_longer_has_can_be_asked_for() -> None:
    assert full_topic("acme.gone", "acme.", NAMES) == "acme.gone"


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("90m", "2030-01-31T10:30:00+00:00"),
        ("7d", "2030-01-24T12:00:00+00:00"),
        ("2030-01-31T08:00:00Z", "2030-01-31T08:00:00+00:00"),
        ("2030-01-31T08:00:00+02:00", "2030-01-31T06:00:00+00:00"),
        ("2030-01-31", "2030-01-31T00:00:00+00:00"),
        ("36500d", "1970-01-01T00:00:00+00:00"),
    ],
)
def test_a_time_is_a_span_or_a_moment(text: str, at: str) -> None:
    assert time_of(text, NOW) == datetime.fromisoformat(at).timestamp() * 1000


@pytest.mark.parametrize("text", ["", "yesterday", "7", "-7d", "7w", "0001-01-01x", "\u0667d"])
def test_what_is_no_time_is_refused_with_examples(text: str) -> None:
    with pytest.raises(Failed, match="90m"):
        time_of(text, NOW)


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ([letter()], None),
        ([letter(), replayed()], "replayed before"),
        ([letter(cut=True)], "too large"),
        ([letter(key=None, value=None)], "neither key nor value"),
        ([letter(Place("acme.gone", 0, 0))], "no such topic"),
        ([letter(Place(TOPICS.dead_letters.name, 0, 0))], "no such topic"),
        ([letter(Place(TOPICS.config.name, 0, 0))], "undo a newer"),
        ([letter(Place(TOPICS.integration_state.name, 0, 0))], "undo a newer"),
    ],
)
def test_what_must_not_be_replayed_has_its_reason(said: list[DeadLetter | Replay], word: str | None) -> None:
    (entry,) = entries(*said)
    found = obstacle(entry, TOPICS, again=False, corrected=False)
    assert found is None if word is None else (found is not None and word in found.why)


@pytest.mark.parametrize(
    ("said", "again", "corrected"),
    [([letter(), replayed()], True, False), ([letter(key=None, value=None)], False, True)],
)
def test_some_obstacles_can_be_taken_away(said: list[DeadLetter | Replay], again: bool, corrected: bool) -> None:
    (entry,) = entries(*said)
    assert obstacle(entry, TOPICS, again=again, corrected=corrected) is None


def drawn(what: RenderableType) -> str:
    output = StringIO()
    Console(width=200, file=output).print(what)
    return output.getvalue()


HOSTILE = "\x1b[2J\x9b31m\u202e[bold]x[/bold]"


def test_nothing_that_others_wrote_reaches_the_terminal_as_a_command() -> None:
    said = letter(service=HOSTILE, detail=HOSTILE, key=HOSTILE.encode(), value=HOSTILE.encode())
    (entry,) = entries(said)
    for text in (drawn(list_view([entry])), drawn(letter_view(entry.place, [(said, 0)], entry))):
        assert not [character for character in text if not character.isprintable() and character != "\n"]
        assert "[bold]x[/bold]" in text


def test_everything_about_a_record_is_shown() -> None:
    said = [letter(), letter(service="disabler", reason=Reason.INTERNAL, detail="Traceback\n  deep\nKeyError: 'x'\n")]
    (entry,) = entries(*said, replayed(corrected=True))
    text = drawn(letter_view(entry.place, [(each, 1_000) for each in said], entry))
    for word in (
        "acme.system-events/1/7",
        "type: missing; add this field",
        "  deep",
        "disabler",
        "1970-01-01T00:00:01Z",
        "acme.system-events/0/20 with a corrected value",
        "acme/1",
        "\\x1b[31m",
        "value, 2 bytes",
        "{}",
    ):
        assert word in text


def test_text_is_shown_as_text_and_bytes_as_a_dump() -> None:
    for value, shown in (("größer\n\t2".encode(), "größer"), (b"\x00\xffab", "00000000  00 ff 61 62"), (None, "none")):
        (entry,) = entries(letter(value=value))
        assert shown in drawn(letter_view(entry.place, [(letter(value=value), 0)], entry))


def test_a_dump_has_every_byte_in_rows_of_sixteen() -> None:
    rows = hex_dump(bytes(range(256))).splitlines()
    assert [int(row[:8], 16) for row in rows] == list(range(0, 256, 16))
    assert bytes.fromhex("".join(row[10:57] for row in rows)) == bytes(range(256))
    assert rows[4].endswith("@ABCDEFGHIJKLMNO")


@pytest.mark.parametrize("value", [b"x" * 100_000, bytes(100_000)])
def test_of_a_long_value_the_beginning_is_shown_and_where_the_rest_is(value: bytes) -> None:
    (entry,) = entries(letter(value=value))
    text = drawn(letter_view(entry.place, [(letter(value=value), 0)], entry))
    assert len(text) < 10_000
    assert "--raw FILE writes all of it" in text


def test_for_programs_bytes_are_text_or_hex() -> None:
    said = letter(key=b"\xff", value=b'{"a": 1}')
    (entry,) = entries(said, replayed())
    answer = document(entry.place, [(said, 0)], entry)
    assert (answer["key_hex"], answer["value"]) == ("ff", '{"a": 1}')
    assert answer["headers"] == [{"name": "h", "value_hex": "1b5b33316d"}]
    assert list_document(entry)["replayed"]["offset"] == 20


def test_of_a_traceback_the_list_shows_the_last_line() -> None:
    (entry,) = entries(letter(detail="Traceback (most recent call last):\n  File x\nKeyError: 'y'\n"))
    assert entry.detail == "KeyError: 'y'"


def topics_that_keep_history(of: Topics) -> list[str]:
    return [topic.name for topic in of.all() if not topic.compacted and topic is not of.dead_letters]


@pytest.mark.parametrize("topic", topics_that_keep_history(TOPICS))
def test_every_other_topic_can_be_replayed(topic: str) -> None:
    (entry,) = entries(letter(Place(topic, 0, 0)))
    assert obstacle(entry, TOPICS, again=False, corrected=False) is None
