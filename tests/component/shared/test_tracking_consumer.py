"""The loop whose records finish in any order, on a real broker: commits, restarts, rebalances."""

from kafka import TopicPartition

from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from tests.component.shared.conftest import MakeTopic, Observer, Run
from tests.component.shared.tracking_members import A, B, C, D, E, Member, write
from tests.waiting import wait_for


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
