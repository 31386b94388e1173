"""Brokers that do not answer for a moment, in each of the three loops: they wait, and go on."""

from typing import Any

import pytest
from kafka.errors import GroupAuthorizationFailedError, KafkaConnectionError, KafkaError

from shared.adapters.kafka_clients import group_consumer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.core.records import OutRecord
from tests.component.shared.conftest import GROUP, MakeTopic, Observer, Run
from tests.component.shared.loops import Loop, every_loop, tracking_loop
from tests.waiting import wait_for


class Absent:
    """A consumer whose first calls of ``method`` raise ``error``, as kafka-python's do while it finds no broker."""

    def __init__(self, consumer: Any, method: str, error: KafkaError, times: int = 3) -> None:
        self._consumer = consumer
        self._method = method
        self._error = error
        self.left = times

    def __getattr__(self, name: str) -> Any:
        if name == self._method and self.left:
            self.left -= 1
            return self._raise
        return getattr(self._consumer, name)

    def _raise(self, *_: Any, **__: Any) -> None:
        raise self._error


@every_loop
def test_a_poll_that_brokers_did_not_answer_is_made_again(
    loop: Loop, settings: ServiceSettings, make_topic: MakeTopic, publisher: Publisher, run: Run, observer: Observer
) -> None:
    topic = make_topic("work")
    consumer = Absent(group_consumer(settings, GROUP), "poll", KafkaConnectionError())
    publisher.send([OutRecord(topic, b"k", b"1")]).wait()
    loop(settings, consumer, topic, run)
    wait_for(lambda: observer.committed(topic) == (1, frozenset()), "the record was handled")
    assert consumer.left == 0


@every_loop
def test_a_poll_that_fails_for_good_ends_the_loop(
    loop: Loop, settings: ServiceSettings, make_topic: MakeTopic, run: Run
) -> None:
    consumer = Absent(group_consumer(settings, GROUP), "poll", GroupAuthorizationFailedError("no"))
    running = loop(settings, consumer, make_topic("work"), run)
    wait_for(lambda: running.ended, "the loop ends")
    assert isinstance(running.error, GroupAuthorizationFailedError)


@pytest.mark.parametrize("committed_before", [0, 1])
def test_a_partition_is_taken_up_where_its_commit_says_once_brokers_tell(
    committed_before: int,
    settings: ServiceSettings,
    make_topic: MakeTopic,
    publisher: Publisher,
    run: Run,
    observer: Observer,
) -> None:
    topic = make_topic("work")
    for number in range(committed_before):
        publisher.send([OutRecord(topic, b"k", b"%d" % number)]).wait()
    first = tracking_loop(settings, group_consumer(settings, GROUP), topic, run)
    wait_for(lambda: (observer.committed(topic) or (0,))[0] == committed_before, "what was there is committed")
    first.end()
    consumer = Absent(group_consumer(settings, GROUP), "committed", KafkaConnectionError())
    publisher.send([OutRecord(topic, b"k", b"next")]).wait()
    tracking_loop(settings, consumer, topic, run)
    wait_for(lambda: observer.committed(topic) == (committed_before + 1, frozenset()), "the next one is finished")
    assert consumer.left == 0
