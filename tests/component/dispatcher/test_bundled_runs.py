"""Runs that wait together, on a real broker: in as few records as may be, and apart again when they are due."""

from __future__ import annotations

import functools
import threading
from contextlib import closing

import pytest

from services.dispatcher.bundling_publisher import BundlingPublisher
from services.dispatcher.delay_handler import DelayHandler
from shared.adapters.async_publisher import AsyncPublisher
from shared.adapters.clock import now_ms
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.delay_consumer import DelayConsumer
from shared.adapters.kafka_clients import admin_client, group_consumer, producer
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_admin import ensure_topics
from shared.adapters.topic_reader import TopicReader
from shared.core.messages.delivery import DUE_HEADER
from shared.core.messages.delivery_bundle import MAX_BUNDLE_RUNS, unpacked
from shared.core.records import OutRecord, Record
from shared.core.topics import Topic
from tests.component.shared.conftest import Running
from tests.waiting import wait_for

#: So far ahead are the clocks of the stage under test: whatever waits in the shortest tiers need not wait.
AHEAD_MS = 60_000
KEY = b"acme/bills-to-chat/0"


@pytest.fixture
def settings(kafka_bootstrap: str, topic_prefix: str) -> ServiceSettings:
    settings = ServiceSettings.model_validate(
        {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "topic_prefix": topic_prefix, "partitions": 1}
    )
    with closing(admin_client(settings)) as admin:
        ensure_topics(admin, settings.topics(), 1)
    return settings


def ahead() -> int:
    return now_ms() + AHEAD_MS


def waiting(number: int, due_ms: int, tier: Topic) -> OutRecord:
    headers = [("organization", b"acme"), ("delivery", b"\xff%d" % number), (DUE_HEADER, b"%d" % due_ms)]
    return OutRecord(tier.name, KEY, b"\x00%d" % number, headers)


def on_its_way(record: OutRecord) -> tuple[bytes | None, list[tuple[str, bytes]]]:
    return record.value, record.headers


def everything_on(settings: ServiceSettings, topic: Topic) -> list[Record]:
    with closing(TopicReader(settings, [topic.name])) as reader:
        return list(reader.unread())


def test_what_is_handed_over_together_waits_in_bundles_and_leaves_as_it_came(settings: ServiceSettings) -> None:
    topics = settings.topics()
    soon, later, last = topics.retry["1s"], topics.retry["15s"], topics.deliveries_due
    due = [waiting(number, ahead() - 1_000, soon) for number in range(MAX_BUNDLE_RUNS + 20)]
    not_due = [waiting(number, ahead() + 20_000, soon) for number in range(1_000, 1_030)]
    failures: list[BaseException] = []
    publisher = BundlingPublisher(producer(settings), failures.append, topics)
    publisher.send([*due, *not_due]).wait()
    written = everything_on(settings, soon)
    assert [len(unpacked(each)) for each in written] == [MAX_BUNDLE_RUNS, 50]

    handler = DelayHandler(
        topics=topics,
        publish=publisher.send,
        dead_letters=DeadLetterBox(topics.dead_letters.name, "dispatcher"),
        clock=ahead,
    )
    consumer = DelayConsumer(group_consumer(settings, "delay"), [soon.name], handler.hop_time, handler, ahead)
    running = Running(consumer.run)
    wait_for(lambda: len(everything_on(settings, last)) >= len(due), "the runs that are due have come out")
    wait_for(lambda: everything_on(settings, later), "the others wait on")
    running.end()
    publisher.close()
    assert (running.error, failures) == (None, [])

    came_out = everything_on(settings, last)
    assert [(each.value, list(each.header_list)) for each in came_out] == [on_its_way(each) for each in due]
    assert {each.key for each in came_out} == {KEY}
    (bundle,) = everything_on(settings, later)
    assert [(each.value, list(each.headers)) for each in unpacked(bundle)] == [on_its_way(each) for each in not_due]
    assert bundle.key == KEY
    assert everything_on(settings, topics.dead_letters) == []


def test_runs_of_many_deliveries_share_a_record_and_each_delivery_is_told(settings: ServiceSettings) -> None:
    tier = settings.topics().retry["3h"]
    failures: list[BaseException] = []
    publisher = BundlingPublisher(producer(settings), failures.append, settings.topics())
    outbox = AsyncPublisher(publisher, gather_seconds=0.5)
    told: list[int] = []
    runs = [waiting(number, ahead(), tier) for number in range(20)]
    for number, each in enumerate(runs):
        outbox.submit([each], functools.partial(told.append, number))
    thread = threading.Thread(target=outbox.run)
    thread.start()
    outbox.close()
    thread.join(timeout=30)
    wait_for(lambda: len(told) == len(runs), "every delivery is told")
    (bundle,) = everything_on(settings, tier)
    assert [(each.value, list(each.headers)) for each in unpacked(bundle)] == [on_its_way(each) for each in runs]
    publisher.close()
    assert (sorted(told), failures) == (list(range(20)), [])
