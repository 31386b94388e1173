"""Reading named records again, on a real broker."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from kafka import TopicPartition

from shared.adapters.kafka_clients import admin_client, table_consumer
from shared.adapters.offset_reader import OffsetReader, RecordsGone
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.core.records import OutRecord
from tests.component.shared.conftest import MakeTopic


@pytest.fixture
def reader(settings: ServiceSettings) -> Iterator[OffsetReader]:
    with closing(OffsetReader(lambda: table_consumer(settings))) as reader:
        yield reader


def test_exactly_the_named_records_are_read_in_their_order(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, reader: OffsetReader
) -> None:
    topic = make_topic("work")
    publisher.send([OutRecord(topic, b"k", b"%d" % number) for number in range(1_000)]).wait()
    for offsets in ([0], [3, 500, 999], [7, 8, 9]):
        found = reader.read(TopicPartition(topic, 0), offsets)
        assert [(record.offset, record.value) for record in found] == [(each, b"%d" % each) for each in offsets]


def test_a_record_that_the_topic_no_longer_keeps_is_said_to_be_gone(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, reader: OffsetReader
) -> None:
    topic = make_topic("work")
    publisher.send([OutRecord(topic, b"k", b"%d" % number) for number in range(10)]).wait()
    with closing(admin_client(settings)) as admin:
        admin.delete_records({TopicPartition(topic, 0): 5})
    with pytest.raises(RecordsGone):
        reader.read(TopicPartition(topic, 0), [3, 4])
