"""A header name that is not UTF-8, on a real broker: every loop reads it, marks it, and reads on."""

from collections.abc import Sequence

from kafka import TopicPartition

from shared.adapters.batch_consumer import BatchConsumer
from shared.adapters.clock import now_ms
from shared.adapters.delay_consumer import DelayConsumer
from shared.adapters.history_reader import HistoryReader
from shared.adapters.kafka_clients import group_consumer, table_consumer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_table import TopicTable
from shared.adapters.tracking_consumer import IsLost, Ticket, TrackingConsumer
from shared.core.records import OutRecord, Record
from shared.core.topics import Topic
from tests.component.shared.conftest import MakeTopic, Run
from tests.header_names import NotUtf8
from tests.waiting import wait_for

GROUP = "header-names"


#: Two that nobody can read among three that everybody can; the last one stands behind everything.
SENT: list[tuple[bytes, list[tuple[str, bytes]]]] = [
    (b"before", []),
    (b"bad", [("first", b"1"), (NotUtf8(), b"\x00\xff"), ("last", b"")]),
    (b"between", [("name", b"value")]),
    (b"worse", [(NotUtf8(), b"")]),
    (b"after", []),
]
GOOD = [b"before", b"between", b"after"]


def sent_to(topic: str, publisher: Publisher) -> None:
    """Write them together, so that they travel in one batch, and once more one by one."""
    records = [OutRecord(topic, b"key", value, headers) for value, headers in SENT]
    publisher.send(records).wait()
    for record in records:
        publisher.send([record]).wait()


def check(records: Sequence[Record]) -> None:
    """All have come, once and in order; only the bad ones are marked, and nothing of them is lost."""
    assert [record.value for record in records] == [value for value, _ in SENT] * 2
    assert [record.offset for record in records] == list(range(2 * len(SENT)))
    assert [record.value for record in records if record.fault is None] == GOOD * 2
    bad = records[1]
    assert bad.header_list == (("first", b"1"), ("trace-\\xff\\xfe", b"\x00\xff"), ("last", b""))
    assert bad.key == b"key"
    assert abs(bad.timestamp_ms - now_ms()) < 60_000
    assert records[2].headers == {"name": b"value"}


def test_the_batch_loop(settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run) -> None:
    topic, seen = make_topic("work"), list[Record]()
    sent_to(topic, publisher)
    kafka = group_consumer(settings, GROUP)
    loop = run(BatchConsumer(kafka, [topic], seen.extend).run)
    wait_for(lambda: len(seen) == 2 * len(SENT), "all are read")
    loop.end()
    check(seen)
    assert committed(settings, topic) == 2 * len(SENT)


def test_the_tracking_loop(settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run) -> None:
    topic, reader = make_topic("work"), Bench()
    sent_to(topic, publisher)
    history = HistoryReader(lambda: table_consumer(settings))
    consumer = TrackingConsumer(group_consumer(settings, GROUP), [topic], reader, history)
    loop = run(consumer.run)
    wait_for(lambda: len(reader.taken) == 2 * len(SENT), "all are read")
    for _, ticket in reader.taken:
        consumer.finish(ticket)
    loop.end()
    check([record for record, _ in reader.taken])
    assert committed(settings, topic) == 2 * len(SENT)


def test_the_delay_loop(settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run) -> None:
    topic, seen = make_topic("tier", append_time=True), list[Record]()
    sent_to(topic, publisher)
    kafka = group_consumer(settings, GROUP)
    loop = run(DelayConsumer(kafka, [topic], lambda record: record.timestamp_ms + 1, seen.extend, now_ms).run)
    wait_for(lambda: len(seen) == 2 * len(SENT), "all have moved on")
    loop.end()
    check(seen)
    assert committed(settings, topic) == 2 * len(SENT)


def test_a_table_passes_over_it(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic, applied = make_topic("table"), list[bytes | None]()
    sent_to(topic, publisher)
    table = TopicTable(table_consumer(settings), Topic(topic, 1, None), lambda record: applied.append(record.value))
    run(table.run)
    assert table.wait_until(2 * len(SENT), 10)
    assert applied == GOOD * 2


class Bench:
    """A reader that keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[tuple[Record, Ticket]] = []

    def has_room(self, topic: str) -> bool:
        return True

    def took_over(self, partition: int) -> None:
        """It remembers nothing."""

    def recall(self, finished: Sequence[Record]) -> None:
        """Nobody has finished anything before."""

    def take(self, work: Sequence[tuple[Record, Ticket]]) -> None:
        self.taken += work

    def forget(self, is_lost: IsLost) -> int:
        return 0


def committed(settings: ServiceSettings, topic: str) -> int | None:
    watching = group_consumer(settings, GROUP)
    offset: int | None = watching.committed(TopicPartition(topic, 0))
    watching.close()
    return offset
