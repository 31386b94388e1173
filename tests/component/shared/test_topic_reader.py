"""Topics read up to where they end, on a real broker."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_reader import TopicReader, TopicUnreadable
from shared.core.records import OutRecord
from tests.component.shared.conftest import MakeTopic, keys_of_both_partitions


@pytest.fixture
def topic(make_topic: MakeTopic) -> str:
    return make_topic("read", partitions=2)


@pytest.fixture
def reader(settings: ServiceSettings, topic: str) -> Iterator[TopicReader]:
    reader = TopicReader(settings, [topic])
    yield reader
    reader.close()


def write(publisher: Publisher, topic: str, *values: bytes) -> None:
    """Every value to both partitions."""
    publisher.send([OutRecord(topic, key, value) for value in values for key in keys_of_both_partitions()]).wait()


def values(reader: TopicReader, partition: int) -> list[bytes | None]:
    return [record.value for record in list(reader.unread()) if record.partition == partition]


def test_each_reading_gives_what_was_written_since_the_last_one(
    reader: TopicReader, topic: str, publisher: Publisher
) -> None:
    assert list(reader.unread()) == []
    for value in (b"1", b"2"):
        write(publisher, topic, value)
        assert [record.value for record in reader.unread()] == [value, value]
    assert list(reader.unread()) == []


def test_a_reading_ends_although_its_topic_goes_on(reader: TopicReader, topic: str, publisher: Publisher) -> None:
    write(publisher, topic, b"1", b"2")
    read = 0
    for _ in reader.unread():
        read += 1
        write(publisher, topic, b"more")
    assert read < 10, "what was polled on the way is given, and no more is polled"
    assert len(list(reader.unread())) == 4 + 2 * read - read, "nothing was left out"


def test_it_begins_where_it_is_told(reader: TopicReader, topic: str, publisher: Publisher) -> None:
    write(publisher, topic, b"0", b"1", b"2")
    reader.begin_at({(topic, 1): 2})
    assert [(record.partition, record.value) for record in reader.unread()] == [(1, b"2")]
    reader.begin_at({(topic, 0): 0, (topic, 1): 1})
    assert values(reader, 0) == [b"0", b"1", b"2"]
    reader.begin_at_time(0)
    assert values(reader, 1) == [b"0", b"1", b"2"]
    reader.begin_at_time(2**41)
    assert list(reader.unread()) == []


def test_its_progress_ends_with_everything_passed(reader: TopicReader, topic: str, publisher: Publisher) -> None:
    write(publisher, topic, *(b"%d" % number for number in range(50)))
    told: list[tuple[int, int]] = []
    assert len(list(reader.unread(lambda passed, total: told.append((passed, total))))) == 100
    assert (told[0], told[-1]) == ((0, 100), (100, 100))
    assert told == sorted(told)


def test_a_topic_that_is_not_there_is_named(settings: ServiceSettings) -> None:
    with pytest.raises(TopicUnreadable, match="there is no topic nobody-has-this"):
        TopicReader(settings, ["nobody-has-this"])
