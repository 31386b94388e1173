"""The loop that holds records back, on a real broker."""

import threading
from collections.abc import Sequence

from kafka import TopicPartition

from shared.adapters.clock import now_ms
from shared.adapters.delay_consumer import DelayConsumer
from shared.adapters.kafka_clients import group_consumer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.core.records import OutRecord, Record
from tests.component.shared.conftest import MakeTopic, Run, keys_of_both_partitions
from tests.waiting import wait_for

GROUP = "delay"
#: A value that waits for nothing.
MALFORMED = b"malformed"


class Delays:
    """One member of the group; its clock can be held so that nothing becomes due before the test says so."""

    def __init__(self, settings: ServiceSettings, delays_ms: dict[str, int], run: Run, *, held: bool = False) -> None:
        self.moved: list[tuple[Record, int]] = []
        self.held = threading.Event()
        if held:
            self.held.set()
        self.kafka = group_consumer(settings, GROUP)
        self._delays_ms = delays_ms
        self.consumer = DelayConsumer(self.kafka, list(delays_ms), self._hop_ms, self._take, self._clock)
        self.running = run(self.consumer.run)

    def _clock(self) -> int:
        return 0 if self.held.is_set() else now_ms()

    def _hop_ms(self, record: Record) -> int:
        return 0 if record.value == MALFORMED else record.timestamp_ms + self._delays_ms[record.topic]

    def _take(self, due: Sequence[Record]) -> None:
        self.moved += [(record, now_ms()) for record in due]

    def values(self) -> list[bytes | None]:
        return [record.value for record, _ in self.moved]

    def waiting(self) -> int:
        return sum(len(records) for records in list(self.consumer.waiting.values()))


def test_a_record_is_held_for_its_tiers_delay_and_not_much_longer(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    short, long = make_topic("tier-short", append_time=True), make_topic("tier-long", append_time=True)
    delays_ms = {short: 300, long: 1_200}
    delays = Delays(settings, delays_ms, run)
    wait_for(lambda: delays.consumer.not_ready() is None, "the group is joined")
    publisher.send([OutRecord(long, b"k", b"long"), OutRecord(short, b"k", b"short")]).wait()
    wait_for(lambda: len(delays.moved) == 2, "both have moved on")
    assert delays.values() == [b"short", b"long"]
    for record, at_ms in delays.moved:
        held_ms = at_ms - record.timestamp_ms
        assert delays_ms[record.topic] <= held_ms < delays_ms[record.topic] + 1_000


def test_records_of_one_tier_move_on_in_their_order(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("tier", append_time=True)
    delays = Delays(settings, {topic: 50}, run)
    values = [b"%d" % number for number in range(200)]
    publisher.send([OutRecord(topic, b"k", value) for value in values]).wait()
    wait_for(lambda: len(delays.moved) >= len(values), "all have moved on")
    assert delays.values() == values


def test_a_stopped_delay_loses_nothing_and_moves_on_what_was_waiting_after_its_start(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("tier", append_time=True)
    publisher.send([OutRecord(topic, b"k", b"waiting")]).wait()
    first = Delays(settings, {topic: 1}, run, held=True)
    wait_for(lambda: first.waiting() == 1, "it is read and waits")
    first.running.end()
    assert first.moved == []
    second = Delays(settings, {topic: 1}, run)
    wait_for(lambda: second.values() == [b"waiting"], "the restarted member moves it on")


def test_when_a_member_joins_what_waits_is_moved_on_once_by_one_of_both(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    """Also in the partition that stays with the first member, where the client would keep position and pause."""
    topic = make_topic("tier", partitions=2, append_time=True)
    keys = keys_of_both_partitions()
    publisher.send([OutRecord(topic, key, b"before " + key) for key in keys]).wait()
    first = Delays(settings, {topic: 1}, run, held=True)
    wait_for(lambda: first.waiting() == 2, "both are read and wait")
    second = Delays(settings, {topic: 1}, run, held=True)
    wait_for(lambda: first.kafka.assignment() and second.kafka.assignment(), "both have a partition")
    publisher.send([OutRecord(topic, key, b"after " + key) for key in keys]).wait()
    first.held.clear()
    second.held.clear()
    wanted = sorted(word + key for word in (b"before ", b"after ") for key in keys)
    wait_for(
        lambda: sorted(value or b"" for value in first.values() + second.values()) == wanted,
        "all have moved on",
    )


def test_while_records_wait_their_partition_is_paused(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("tier", append_time=True)
    publisher.send([OutRecord(topic, b"k", b"1")]).wait()
    delays = Delays(settings, {topic: 1}, run, held=True)
    wait_for(lambda: delays.kafka.paused() == {TopicPartition(topic, 0)}, "the partition is paused")
    delays.held.clear()
    wait_for(lambda: not delays.kafka.paused(), "it goes on when nothing waits")


def test_a_record_that_need_not_wait_goes_as_soon_as_it_is_at_the_head(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("tier", append_time=True)
    publisher.send([OutRecord(topic, b"k", value) for value in (MALFORMED, MALFORMED, b"well", MALFORMED)]).wait()
    delays = Delays(settings, {topic: 3_600_000}, run)
    wait_for(lambda: len(delays.moved) == 2, "both at the head have gone")
    assert delays.values() == [MALFORMED, MALFORMED]
    assert delays.waiting() == 2, "the third waits its hour, and the fourth behind it"
