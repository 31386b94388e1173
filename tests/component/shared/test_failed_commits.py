"""Commits that brokers do not take, in each of the three loops, on a real broker."""

from collections.abc import Callable
from typing import Any

from kafka import TopicPartition
from kafka.errors import CommitFailedError, CoordinatorNotAvailableError
from kafka.future import Future

from shared.adapters.kafka_clients import group_consumer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.core.records import OutRecord
from tests.component.shared.conftest import GROUP, MakeTopic, Observer, Run
from tests.component.shared.loops import Loop, every_loop
from tests.waiting import wait_for

VALUE = b"work"


class Refusing:
    """A consumer whose first commits fail as kafka-python tells of it: those of the loop while it polls, those before
    leaving at once."""

    def __init__(self, consumer: Any, commits: int = 0, *, before_leaving: bool = False) -> None:
        self._consumer = consumer
        self._commits = commits
        self._before_leaving = before_leaving
        self._refused: list[Callable[[], None]] = []
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._consumer, name)

    def commit_async(self, offsets: Any, callback: Any = None) -> Any:
        if callback is None and self._before_leaving:
            self.refused += 1
            return Future().failure(CommitFailedError())
        if callback is not None and self._commits:
            self._commits -= 1
            self.refused += 1
            self._refused.append(lambda: callback(offsets, CoordinatorNotAvailableError()))
            return None
        return self._consumer.commit_async(offsets, callback=callback)

    def poll(self, **options: Any) -> Any:
        refused, self._refused = self._refused, []
        for tell in refused:
            tell()
        return self._consumer.poll(**options)


@every_loop
def test_a_commit_that_failed_is_made_again_though_nothing_else_happens(
    loop: Loop, settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run, observer: Observer
) -> None:
    topic = make_topic("work")
    consumer = Refusing(group_consumer(settings, GROUP), commits=3)
    publisher.send([OutRecord(topic, b"k", VALUE)]).wait()
    loop(settings, consumer, topic, run)
    wait_for(lambda: consumer.refused == 3, "three commits were refused")
    wait_for(lambda: observer.committed(topic) == (1, frozenset()), "the fourth is stored")


@every_loop
def test_a_commit_that_fails_before_leaving_does_not_end_the_loop(
    loop: Loop, settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run
) -> None:
    topic = make_topic("work", partitions=2)
    consumer = Refusing(group_consumer(settings, GROUP), commits=1_000_000, before_leaving=True)
    publisher.send([OutRecord(topic, b"k%d" % number, VALUE) for number in range(20)]).wait()
    running = loop(settings, consumer, topic, run)
    wait_for(lambda: consumer.refused, "there is something to commit")
    other = group_consumer(settings, GROUP)
    loop(settings, other, topic, run)
    both = {TopicPartition(topic, 0), TopicPartition(topic, 1)}
    wait_for(
        lambda: len(consumer.assignment()) == 1 and consumer.assignment() | other.assignment() == both,
        "each has a partition",
    )
    assert not running.ended
