"""The loop whose records finish in any order, on a real broker: commits, restarts, rebalances."""

import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from kafka import TopicPartition

from shared.adapters.history_reader import HistoryReader
from shared.adapters.kafka_clients import group_consumer, table_consumer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.adapters.tracking_consumer import REVOCATION_DRAIN_SECONDS, IsLost, Ticket, TrackingConsumer
from shared.core.offset_tracking import decode_finished
from shared.core.records import OutRecord, Record
from tests.component.shared.conftest import MakeTopic, Run, Running, keys_of_both_partitions
from tests.waiting import wait_for

GROUP = "tracking"


class Bench:
    """A reader that keeps what it is given until the test says that it is finished. What has not been begun is
    forgotten when asked, as the send stage does with its lanes."""

    def __init__(self, room: int = 1_000) -> None:
        self.lock = threading.Lock()
        self.waiting: list[tuple[Record, Ticket]] = []
        self.begun: dict[bytes, Ticket] = {}
        self.seen: list[bytes] = []
        self.recalled: list[bytes] = []
        self.recalled_when_taking: list[int] = []
        self.room = room

    def has_room(self, topic: str) -> bool:
        return len(self.waiting) < self.room

    def recall(self, finished: Sequence[Record]) -> None:
        with self.lock:
            self.recalled += [record.value or b"" for record in finished]

    def take(self, work: Sequence[tuple[Record, Ticket]]) -> None:
        with self.lock:
            self.waiting += work
            self.recalled_when_taking.append(len(self.recalled))
            self.seen += [record.value or b"" for record, _ in work]

    def forget(self, is_lost: IsLost) -> int:
        with self.lock:
            kept = [each for each in self.waiting if not is_lost(each[1])]
            forgotten = len(self.waiting) - len(kept)
            self.waiting = kept
            return forgotten

    def begin(self, *values: bytes) -> None:
        with self.lock:
            for record, ticket in self.waiting:
                if record.value in values or not values:
                    self.begun[record.value or b""] = ticket
            self.waiting = [each for each in self.waiting if each[0].value not in self.begun]


class Member:
    """One member of the group with its bench."""

    def __init__(self, settings: ServiceSettings, topics: Sequence[str], run: Run, room: int = 1_000) -> None:
        self.bench = Bench(room)
        self.kafka = group_consumer(settings, GROUP)
        history = HistoryReader(lambda: table_consumer(settings))
        self.consumer = TrackingConsumer(self.kafka, topics, self.bench, history)
        self.running: Running = run(self.consumer.run)

    def saw(self, *values: bytes) -> bool:
        return set(values) <= set(self.bench.seen)

    def finish(self, *values: bytes) -> None:
        self.bench.begin(*values)
        for value in values:
            self.consumer.finish(self.bench.begun.pop(value))

    def finish_all(self) -> None:
        self.bench.begin()
        self.finish(*list(self.bench.begun))

    def partitions(self) -> set[TopicPartition]:
        return set(self.kafka.assignment())

    def crash(self) -> None:
        """Leave without finishing, committing or draining anything."""
        self.kafka.close(autocommit=False)
        wait_for(lambda: self.running.ended, "the crashed member's thread ends")


@pytest.fixture
def observer(settings: ServiceSettings) -> Iterator["Observer"]:
    watching = Observer(settings)
    yield watching
    watching.close()


class Observer:
    """Reads what the group has committed."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._kafka = group_consumer(settings, GROUP)

    def committed(self, topic: str, partition: int = 0) -> tuple[int, frozenset[int]] | None:
        point = self._kafka.committed(TopicPartition(topic, partition), metadata=True)
        return None if point is None else (point.offset, decode_finished(point.offset, point.metadata))

    def close(self) -> None:
        self._kafka.close()


def write(publisher: Publisher, topic: str, values: Sequence[bytes], key: bytes = b"k") -> None:
    publisher.send([OutRecord(topic, key, value) for value in values]).wait()


A, B, C, D, E = b"a", b"b", b"c", b"d", b"e"


def test_commits_stay_below_the_lowest_unfinished_record_and_name_the_finished_ones_above(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run, observer: Observer
) -> None:
    topic = make_topic("work")
    write(publisher, topic, [A, B, C, D])
    member = Member(settings, [topic], run)
    wait_for(lambda: member.saw(A, B, C, D), "all are read")
    member.finish(B, D)
    wait_for(lambda: observer.committed(topic) == (0, frozenset({1, 3})), "b and d are noted as finished")
    member.finish(A)
    wait_for(lambda: observer.committed(topic) == (2, frozenset({3})), "a and b are committed")
    member.finish(C)
    wait_for(lambda: observer.committed(topic) == (4, frozenset()), "everything is committed")


def test_a_restart_reads_only_what_was_unfinished(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run, observer: Observer
) -> None:
    topic = make_topic("work")
    write(publisher, topic, [A, B, C, D])
    first = Member(settings, [topic], run)
    wait_for(lambda: first.saw(A, B, C, D), "all are read")
    first.finish(A, C)
    wait_for(lambda: observer.committed(topic) == (1, frozenset({2})), "what finished is committed")
    first.crash()
    second = Member(settings, [topic], run)
    write(publisher, topic, [E])
    wait_for(lambda: second.saw(E), "the restarted member is past the old records")
    assert second.bench.seen == [B, D, E]
    second.finish(B, D, E)
    wait_for(lambda: observer.committed(topic) == (5, frozenset()), "everything is committed")


def test_a_drain_commits_what_finishes_and_leaves_what_had_not_begun(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run, observer: Observer
) -> None:
    topic = make_topic("work")
    write(publisher, topic, [A, B, C])
    member = Member(settings, [topic], run)
    wait_for(lambda: member.saw(A, B, C), "all are read")
    member.bench.begin(A, B)
    member.running.stop.set()
    wait_for(lambda: not member.bench.waiting, "what had not begun is dropped")
    assert not member.running.ended
    member.finish(A, B)
    member.running.end()
    assert observer.committed(topic) == (2, frozenset())


def test_a_topic_whose_reader_is_full_is_paused_and_goes_on_when_there_is_room(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("work")
    write(publisher, topic, [A])
    member = Member(settings, [topic], run, room=1)
    wait_for(lambda: member.saw(A), "the first is read")
    wait_for(lambda: member.kafka.paused() == {TopicPartition(topic, 0)}, "the topic is paused")
    write(publisher, topic, [B])
    member.finish(A)
    wait_for(lambda: member.saw(B), "the next is read once there is room")


def test_a_late_ticket_of_an_earlier_assignment_commits_nothing(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run, observer: Observer
) -> None:
    topic = make_topic("work")
    write(publisher, topic, [A])
    first = Member(settings, [topic], run)
    wait_for(lambda: first.saw(A), "it is read")
    first.bench.begin(A)
    late = first.bench.begun[A]
    first.consumer.drop({TopicPartition(topic, 0)})
    first.consumer.finish(late)
    first.running.end()
    assert observer.committed(topic) in (None, (0, frozenset()))


def _joined(*members: Member) -> bool:
    return all(member.partitions() for member in members)


def test_when_a_member_joins_everything_is_finished_by_one_of_both(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run, observer: Observer
) -> None:
    """The half that stays with the first member matters most: the client keeps its position there, beyond records
    that were forgotten."""
    topic = make_topic("work", partitions=2)
    zero, one = keys_of_both_partitions()
    write(publisher, topic, [b"0-begun", b"0-waiting"], zero)
    write(publisher, topic, [b"1-begun", b"1-waiting"], one)
    first = Member(settings, [topic], run)
    wait_for(lambda: first.saw(b"0-begun", b"0-waiting", b"1-begun", b"1-waiting"), "all are read")
    first.bench.begin(b"0-begun", b"1-begun")
    second = Member(settings, [topic], run)
    wait_for(lambda: not first.bench.waiting, "what had not begun is dropped when the partitions are revoked")
    first.finish(b"0-begun", b"1-begun")
    wait_for(lambda: _joined(first, second), "both have a partition")

    def all_again() -> bool:
        first.finish_all()
        second.finish_all()
        return all(first.bench.seen.count(v) + second.bench.seen.count(v) == 2 for v in (b"0-waiting", b"1-waiting"))

    wait_for(all_again, "what had not begun is read again", timeout_seconds=15)
    seen = first.bench.seen + second.bench.seen
    assert seen.count(b"0-begun") == seen.count(b"1-begun") == 1, "what was under way had time to finish"
    wait_for(
        lambda: all((observer.committed(topic, each) or (0,))[0] == 2 for each in (0, 1)),
        "everything is committed",
    )


def test_work_that_outlasts_the_revocation_is_done_again_and_delays_the_other_by_two_seconds_at_most(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("work", partitions=2)
    zero, one = keys_of_both_partitions()
    write(publisher, topic, [b"0-stuck"], zero)
    write(publisher, topic, [b"1-stuck"], one)
    first = Member(settings, [topic], run)
    wait_for(lambda: first.saw(b"0-stuck", b"1-stuck"), "all are read")
    first.bench.begin()
    began = time.monotonic()
    second = Member(settings, [topic], run)
    wait_for(lambda: _joined(first, second), "both have a partition")
    # Beyond the drain: a heartbeat (1.2 s) until the first member learns of the second, and the joining itself.
    assert time.monotonic() - began < REVOCATION_DRAIN_SECONDS + 1.2 + 3
    wait_for(
        lambda: (
            sorted(first.bench.seen + second.bench.seen) == [b"0-stuck", b"0-stuck", b"1-stuck", b"1-stuck"] or None
        ),
        "both are read again",
    )


def test_one_member_holds_the_same_partition_numbers_of_two_topics(
    settings: ServiceSettings, make_topic: MakeTopic, run: Run
) -> None:
    topics = [make_topic("deliveries", partitions=6), make_topic("deliveries-due", partitions=6)]
    members = [Member(settings, topics, run) for _ in range(3)]

    def numbers(member: Member, topic: str) -> set[int]:
        return {each.partition for each in member.partitions() if each.topic == topic}

    wait_for(
        lambda: all(len(numbers(member, topic)) == 2 for member in members for topic in topics),
        "each of three members has two of six partitions of both topics",
        timeout_seconds=60,
    )
    for member in members:
        assert numbers(member, topics[0]) == numbers(member, topics[1])


def test_what_a_predecessor_finished_is_recalled_before_anything_of_the_same_partition_number_is_handed_out(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run, observer: Observer
) -> None:
    """Of both topics, whichever of them the next record is on, and below the commit as in its metadata."""
    topics = [make_topic("deliveries"), make_topic("deliveries-due")]
    write(publisher, topics[0], [A, B, C])
    write(publisher, topics[1], [D])
    first = Member(settings, topics, run)
    wait_for(lambda: first.saw(A, B, C, D), "all are read")
    first.finish(A, C, D)
    wait_for(lambda: observer.committed(topics[0]) == (1, frozenset({2})), "a and c are committed")
    wait_for(lambda: observer.committed(topics[1]) == (1, frozenset()), "d is committed")
    first.crash()
    write(publisher, topics[1], [E])
    second = Member(settings, topics, run)
    wait_for(lambda: second.saw(B, E), "what was unfinished is read")
    assert sorted(second.bench.recalled) == [A, C, D]
    assert all(recalled == 3 for recalled in second.bench.recalled_when_taking), "all were recalled first"


def test_a_rebalance_that_leaves_a_partition_here_recalls_nothing_and_one_that_brings_it_back_only_what_is_news(
    settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run, observer: Observer
) -> None:
    topic = make_topic("work", partitions=2)
    zero, one = keys_of_both_partitions()
    write(publisher, topic, [b"0-mine"], zero)
    write(publisher, topic, [b"1-mine"], one)
    first = Member(settings, [topic], run)
    wait_for(lambda: first.saw(b"0-mine", b"1-mine"), "all are read")
    first.finish(b"0-mine", b"1-mine")
    second = Member(settings, [topic], run)
    wait_for(lambda: _joined(first, second), "both have a partition")
    write(publisher, topic, [b"0-theirs"], zero)
    write(publisher, topic, [b"1-theirs"], one)

    def done() -> bool:
        first.finish_all()
        second.finish_all()
        return all((observer.committed(topic, each) or (0,))[0] == 2 for each in (0, 1))

    wait_for(done, "each finishes what came to its partition")
    (theirs,) = second.bench.seen
    assert first.bench.recalled == []
    assert second.bench.recalled == [theirs.replace(b"theirs", b"mine")]
    second.running.end()
    wait_for(lambda: len(first.partitions()) == 2, "the first has both again")
    wait_for(lambda: first.bench.recalled == [theirs], "it recalls what the second finished, and nothing of its own")
