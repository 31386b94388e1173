"""What a member of a tracking group does when partitions come and go."""

import time

from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.adapters.tracking_consumer import REVOCATION_DRAIN_SECONDS
from tests.component.shared.conftest import MakeTopic, Observer, Run, keys_of_both_partitions
from tests.component.shared.tracking_members import A, B, C, D, E, Member, write
from tests.waiting import wait_for


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
