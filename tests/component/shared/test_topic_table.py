"""A compacted topic held in memory, read from a real broker, written by the transactional writer."""

import threading

import pytest

from shared.adapters.kafka_clients import table_consumer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_end import TopicEnd
from shared.adapters.topic_table import TopicTable
from shared.adapters.transactional_writer import Fenced, TransactionalWriter
from shared.core.records import OutRecord, Record
from shared.core.topics import Topic
from tests.component.shared.conftest import MakeTopic, Run
from tests.waiting import wait_for


class Table:
    """Values by key; a value ``broken`` raises."""

    def __init__(self, settings: ServiceSettings, topic: Topic, run: Run) -> None:
        self.values: dict[bytes | None, bytes | None] = {}
        self.table = TopicTable(table_consumer(settings), topic, self._apply)
        self.running = run(self.table.run)

    def _apply(self, record: Record) -> None:
        if record.value == b"broken":
            raise ValueError("unreadable")
        self.values[record.key] = record.value


def _topic(name: str, partitions: int = 1) -> Topic:
    return Topic(name, partitions, None)


def test_it_is_ready_when_it_has_read_what_was_there_at_its_start(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("table", partitions=2)
    publisher.send([OutRecord(topic, b"%d" % number, b"v") for number in range(100)]).wait()
    table = Table(settings, _topic(topic, 2), run)
    table.table.wait_ready(threading.Event())
    assert table.table.not_ready() is None
    assert len(table.values) == 100


def test_an_empty_topic_makes_a_ready_table(settings: ServiceSettings, make_topic: MakeTopic, run: Run) -> None:
    table = Table(settings, _topic(make_topic("table")), run)
    wait_for(lambda: table.table.not_ready() is None, "an empty topic is read to its end")


def test_whoever_waits_for_the_end_of_the_topic_sees_what_was_acknowledged_before(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("table")
    table = Table(settings, _topic(topic), run)
    ends = TopicEnd(table_consumer(settings), _topic(topic))
    for number in range(20):
        publisher.send([OutRecord(topic, b"k", b"%d" % number)]).wait()
        assert table.table.wait_until(ends.offset(5), 10)
        assert table.values[b"k"] == b"%d" % number
    ends.close()


def test_waiting_for_an_offset_that_never_comes_ends_with_no(
    settings: ServiceSettings, make_topic: MakeTopic, run: Run
) -> None:
    table = Table(settings, _topic(make_topic("table")), run)
    assert not table.table.wait_until(1, 0.2)


def test_an_unreadable_record_is_passed_over(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("table")
    publisher.send([OutRecord(topic, b"a", b"broken"), OutRecord(topic, b"b", b"fine")]).wait()
    table = Table(settings, _topic(topic), run)
    assert table.table.wait_until(2, 10)
    assert table.values == {b"b": b"fine"}


def test_the_marker_of_a_transaction_does_not_keep_a_table_from_its_end(
    settings: ServiceSettings, make_topic: MakeTopic, run: Run
) -> None:
    topic = make_topic("table")
    writer = TransactionalWriter(settings, f"{topic}-writer")
    writer.take()
    assert writer.write([OutRecord(topic, b"a", b"1"), OutRecord(topic, b"b", b"2")]) == [0, 1]
    writer.take()
    ends = TopicEnd(table_consumer(settings), _topic(topic))
    end = ends.offset(5)
    ends.close()
    assert end > 2, "a marker follows the records"
    table = Table(settings, _topic(topic), run)
    assert table.table.wait_until(end, 10)
    assert table.values == {b"a": b"1", b"b": b"2"}
    writer.close()


def test_a_writer_that_was_fenced_writes_nothing(settings: ServiceSettings, make_topic: MakeTopic, run: Run) -> None:
    topic = make_topic("table")
    old = TransactionalWriter(settings, f"{topic}-writer")
    old.take()
    new = TransactionalWriter(settings, f"{topic}-writer")
    new.take()
    with pytest.raises(Fenced):
        old.write([OutRecord(topic, b"k", b"old")])
    assert not old.held
    new.write([OutRecord(topic, b"k", b"new")])
    table = Table(settings, _topic(topic), run)
    wait_for(lambda: table.values == {b"k": b"new"}, "only the holder's record is read")
    new.close()
