"""The events that the benchmark sends, the runs they lead to, and the latencies that follow."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from bench.delivery.core.length import LONG_SECONDS, SHORT_SECONDS, Length
from bench.delivery.core.pace import ACCEPTED, Latency, Sent, latencies, pack, unpack
from bench.delivery.core.tables import Table, figure
from bench.delivery.core.traffic import EVENT_BYTES, ORGANIZATION, SOURCE, Target, Traffic, resources, targets
from services.ingest.core.event_batch import AcceptedEvent, judge_event
from shared.core.identifiers import run_id_of_event
from shared.core.resources import Resource

_TARGETS = targets("plain", ["http://127.0.0.1:1", "http://127.0.0.1:2"], {"timeout_seconds": 3})


@pytest.mark.parametrize("number", [0, 7, 123_456])
def test_an_event_is_what_ingest_accepts_and_of_one_kilobyte(number: int) -> None:
    raw = Traffic("cost", _TARGETS, 1).event(number)
    assert len(raw) == EVENT_BYTES
    verdict = judge_event(orjson.loads(raw), field="", organization=ORGANIZATION, received="", topic="system-events")
    assert isinstance(verdict, AcceptedEvent)


def test_a_record_of_a_backlog_is_the_one_that_ingest_makes() -> None:
    traffic = Traffic("cost", _TARGETS, 3)
    for number, record in enumerate(traffic.records("system-events")):
        document = orjson.loads(traffic.event(number))
        verdict = judge_event(document, field="", organization=ORGANIZATION, received="", topic="system-events")
        assert isinstance(verdict, AcceptedEvent)
        assert record == verdict.record


def test_events_go_to_the_targets_in_turn_and_lead_to_one_run_each() -> None:
    traffic = Traffic("cost", _TARGETS, 4)
    types = [orjson.loads(traffic.event(number))["type"] for number in range(4)]
    assert types == ["bench.plain-0", "bench.plain-1", "bench.plain-0", "bench.plain-1"]
    ids = [f"cost-{number:09d}" for number in range(4)]
    assert list(traffic.run_ids().items()) == [
        (run_id_of_event(ORGANIZATION, SOURCE, ids[number], f"plain-{number % 2}"), number) for number in range(4)
    ]


def test_the_configuration_of_targets_is_valid_and_keeps_their_settings() -> None:
    documents = resources([*_TARGETS, Target("off", "http://127.0.0.1:3/hooks", active=False)])
    envelope = {"organization": ORGANIZATION, "created_ms": 0, "updated_ms": 0}
    read = [Resource.model_validate({**envelope, **each}) for each in documents]
    specs: dict[tuple[str, str], Any] = {(each.kind.value, each.id): each.spec for each in read}
    assert len(specs) == 1 + 3 * 3
    assert specs["integration", "plain-1"].timeout_seconds == 3
    assert specs["webhook", "plain-1"].url == "http://127.0.0.1:2/hooks"
    assert not specs["webhook", "off"].active


def test_what_a_paced_sender_writes_down_is_read_back() -> None:
    sent = [Sent(0, 1, 2, 3, ACCEPTED), Sent(1, 10, 20, 2**60, 503)]
    assert list(unpack(b"".join(map(pack, sent)))) == sent


def test_latencies_count_from_the_moment_an_event_was_due_and_from_its_answer() -> None:
    second = 1_000_000_000
    sent = [
        Sent(1, 3 * second, 3 * second + 500_000, 3 * second + 2_000_000, ACCEPTED),
        Sent(0, 1 * second, 1 * second, 1 * second + 4_000_000, ACCEPTED),
        Sent(2, 4 * second, 4 * second, 4 * second, 503),
        Sent(3, 5 * second, 5 * second, 5 * second, ACCEPTED),
    ]
    arrived = {0: second + 3_000_000, 1: 3 * second + 10_000_000, 2: 9 * second}
    # The first one was delivered before its sender knew it accepted; refused and lost ones have no latency.
    assert latencies(sent, arrived) == [Latency(0, 0.0, 3.0, -1.0), Latency(1, 2.0, 10.0, 8.0)]


def test_the_long_form_watches_a_million_events_and_holds_no_transaction_for_longer_than_a_minute() -> None:
    assert Length(SHORT_SECONDS).watched == 10_000
    assert Length(LONG_SECONDS).watched == 1_000_000
    assert Length(LONG_SECONDS).is_long
    assert not Length(SHORT_SECONDS).is_long
    assert Length(LONG_SECONDS).drained == 300_000 == Length(10 * LONG_SECONDS).drained


def test_a_table_is_markdown_with_figures_to_the_right() -> None:
    table = Table("Speed", ("", "a second"), (("one", figure(1234.56)), ("none", figure(None))), "Measured.")
    assert table.markdown().splitlines() == [
        "**Speed**", "", "|  | a second |", "|---|---:|", "| one | 1,234.6 |", "| none | - |", "", "Measured.",
    ]  # fmt: skip
