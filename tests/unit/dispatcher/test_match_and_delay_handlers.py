"""The match and the delay stage's work on a batch, with everything around it given by the test."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from services.dispatcher.delay_handler import DelayHandler
from services.dispatcher.match_handler import MatchHandler
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.tracing import NoTracing, Tracing
from shared.core.dead_letters import Reason, read_dead_letter
from shared.core.faults import Fault, InfrastructureError
from shared.core.messages.delivery import DUE_HEADER
from shared.core.messages.delivery_bundle import BUNDLE_HEADER, VERSION, packed
from shared.core.messages.run_log import MatchRecord, decode_run_log
from shared.core.records import OutRecord, Record
from shared.core.topics import MAX_EVENT_BYTES, RETRY_TIER_DELAYS_MS, topics
from tests.unit.dispatcher import samples

TOPICS = topics("", 6)
FAULT = Fault("(headers)", "a name is not UTF-8", "send names in UTF-8")
DEAD_LETTERS = DeadLetterBox(TOPICS.dead_letters.name, "dispatcher")


class Table:
    """A config table that is where the test says."""

    def __init__(self, *, behind: bool = False) -> None:
        self.asked: list[int] = []
        self._behind = behind

    def offset(self) -> int:
        return 7

    def wait_until(self, offset: int, timeout_seconds: float) -> bool:
        self.asked.append(offset)
        return not self._behind


class Acknowledged:
    """Kept at once."""

    def wait(self) -> None:
        """Nothing to wait for."""


class Produced(list[OutRecord]):
    """What was produced."""

    def __call__(self, records: Sequence[OutRecord]) -> Acknowledged:
        self.extend(records)
        return Acknowledged()

    def on(self, topic: str) -> list[OutRecord]:
        return [record for record in self if record.topic == topic]


def record(
    value: bytes | None, *headers: tuple[str, bytes], topic: str = TOPICS.system_events.name, timestamp_ms: int = 50
) -> Record:
    return Record(topic, 1, 2, b"key", value, headers, timestamp_ms)


# match


def matched(*records: Record, behind: bool = False, tracing: Tracing = NoTracing()) -> Produced:  # noqa: B008
    produced = Produced()
    MatchHandler(
        topics=TOPICS,
        configuration=samples.configured(rule=samples.rule(), hook=samples.webhook(), link=samples.integration()),
        table=Table(behind=behind),
        config_end=lambda: 7,
        publish=produced,
        dead_letters=DEAD_LETTERS,
        clock=lambda: 60,
        tracing=tracing,
    )(records)
    return produced


def test_a_matched_event_is_sent_as_it_is_with_one_request_and_one_match_record() -> None:
    body = samples.event(data={"amount": 10.5}).encode()
    produced = matched(record(body))
    (delivery,) = produced.on(TOPICS.deliveries.name)
    assert (delivery.key, delivery.value) == (b"acme/link/0", body)
    (logged,) = produced.on(TOPICS.run_log.name)
    match = decode_run_log(logged.value or b"")
    assert isinstance(match, MatchRecord)
    assert (match.accepted_ms, match.matched_ms, match.config_offset, len(match.runs)) == (50, 60, 7, 1)
    assert logged.key == b"acme/e1"


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"{}",
        b'{"data":' + b"[" * 300 + b"]" * 300 + b"}",
        b'{"data":1' + b"0" * 30 + b"}",
    ],
)
def test_what_is_no_event_becomes_a_dead_letter_and_its_neighbours_are_matched(value: bytes | None) -> None:
    good = record(samples.event().encode())
    produced = matched(good, record(value), good)
    assert len(produced.on(TOPICS.deliveries.name)) == 2
    (dead,) = produced.on(TOPICS.dead_letters.name)
    letter = read_dead_letter(dead.headers, dead.value)
    assert (letter.reason, letter.value) == (Reason.INVALID, value)


@pytest.mark.parametrize("topic", [TOPICS.system_events.name, TOPICS.integration_events.name])
def test_an_event_with_a_fault_of_its_record_becomes_a_dead_letter(topic: str) -> None:
    good = record(samples.event().encode())
    produced = matched(good, replace(good, topic=topic, fault=FAULT), good)
    assert len(produced.on(TOPICS.deliveries.name)) == 2
    (dead,) = produced.on(TOPICS.dead_letters.name)
    letter = read_dead_letter(dead.headers, dead.value)
    assert (letter.reason, letter.detail, letter.value) == (Reason.INVALID, str(FAULT), good.value)


def test_an_event_over_the_limit_from_a_direct_producer_becomes_a_dead_letter() -> None:
    fits = samples.event(data="x" * (MAX_EVENT_BYTES - 200)).encode()
    assert len(matched(record(fits)).on(TOPICS.deliveries.name)) == 1
    produced = matched(record(samples.event(data="x" * MAX_EVENT_BYTES).encode()))
    assert [each.topic for each in produced] == [TOPICS.dead_letters.name]


def test_a_configuration_that_stays_behind_leaves_the_batch_uncommitted() -> None:
    with pytest.raises(InfrastructureError):
        matched(record(samples.event().encode()), behind=True)


# delay


def delay_handler(produced: Produced, now: int = 10_000) -> DelayHandler:
    return DelayHandler(topics=TOPICS, publish=produced, dead_letters=DEAD_LETTERS, clock=lambda: now)


def moved(*records: Record, now: int = 10_000) -> Produced:
    produced = Produced()
    delay_handler(produced, now)(records)
    return produced


@pytest.mark.parametrize(
    ("due_ms", "topic"), [(10_000, TOPICS.deliveries_due), (9_000, TOPICS.deliveries_due), (14_000, TOPICS.retry["4s"])]
)
def test_a_hop_moves_the_record_byte_for_byte(due_ms: int, topic: Any) -> None:
    headers = (("delivery", b"\xff not even JSON"), (DUE_HEADER, str(due_ms).encode()), ("x", b"1"), ("x", b"2"))
    assert moved(record(b"\x00body", *headers)) == [OutRecord(topic.name, b"key", b"\x00body", list(headers))]


@pytest.mark.parametrize("due", [None, b"", b"soon", b"-1", b"1.5", b"9" * 16, "٣".encode()])
def test_a_record_without_a_readable_due_time_becomes_a_dead_letter(due: bytes | None) -> None:
    good = record(b"{}", (DUE_HEADER, b"1"))
    bad = record(b"{}", *([] if due is None else [(DUE_HEADER, due)]))
    assert [each.topic for each in moved(good, bad, good)] == [
        TOPICS.deliveries_due.name,
        TOPICS.dead_letters.name,
        TOPICS.deliveries_due.name,
    ]


DUE = (DUE_HEADER, b"9")


@pytest.mark.parametrize(("tier", "delay_ms"), RETRY_TIER_DELAYS_MS.items())
def test_a_record_waits_as_long_as_its_tier_says(tier: str, delay_ms: int) -> None:
    waiting = record(b"{}", DUE, topic=TOPICS.retry[tier].name, timestamp_ms=1_000)
    assert delay_handler(Produced()).hop_time(waiting) == 1_000 + delay_ms


def bundle(*due_ms: int, more: Sequence[tuple[str, bytes]] = ()) -> Record:
    """Runs that wait together, each with the time it is due as its value too."""
    together = [
        OutRecord(TOPICS.retry["15s"].name, b"key", str(each).encode(), [(DUE_HEADER, str(each).encode()), *more])
        for each in due_ms
    ]
    (out,) = packed(together, {TOPICS.retry["15s"].name})
    return Record(out.topic, 1, 2, out.key, out.value, tuple(out.headers), 1_000)


def test_runs_of_a_bundle_go_their_own_ways_byte_for_byte() -> None:
    more = [("delivery", b"\xff not even JSON"), ("x", b"1"), ("x", b"2")]
    produced = moved(bundle(10_000, 14_000, 9_000, 11_000, 16_000, more=more))
    wanted = {
        TOPICS.deliveries_due.name: [10_000, 9_000],
        TOPICS.retry["4s"].name: [14_000, 16_000],
        TOPICS.retry["1s"].name: [11_000],
    }
    for topic, due_ms in wanted.items():
        values = [str(each).encode() for each in due_ms]
        assert produced.on(topic) == [OutRecord(topic, b"key", value, [(DUE_HEADER, value), *more]) for value in values]
    assert len(produced) == 5


def test_a_bundle_waits_as_long_as_its_tier_says() -> None:
    assert delay_handler(Produced()).hop_time(bundle(1, 2)) == 16_000


@pytest.mark.parametrize("value", [b"", b"{}", b"\xff" * 40], ids=["no runs", "no frames", "beyond its end"])
def test_a_bundle_that_cannot_be_taken_apart_becomes_one_dead_letter_of_its_bytes(value: bytes) -> None:
    produced = moved(bundle(1, 2), replace(bundle(1, 2), value=value), bundle(3, 4))
    assert [each.value for each in produced.on(TOPICS.deliveries_due.name)] == [b"1", b"2", b"3", b"4"]
    (dead,) = produced.on(TOPICS.dead_letters.name)
    letter = read_dead_letter(dead.headers, dead.value)
    assert (letter.reason, letter.value, letter.original_headers) == (
        Reason.INVALID,
        value,
        ((BUNDLE_HEADER, VERSION),),
    )


def test_a_bundle_with_a_run_that_has_no_due_time_moves_none_of_its_runs() -> None:
    out = OutRecord(TOPICS.retry["15s"].name, b"key", b"{}", [(DUE_HEADER, b"1")])
    (mixed,) = packed([out, replace(out, headers=[])], {out.topic})
    produced = moved(Record(mixed.topic, 1, 2, mixed.key, mixed.value, tuple(mixed.headers), 50))
    assert [each.topic for each in produced] == [TOPICS.dead_letters.name]


def test_a_bundle_of_a_newer_version_waits_for_nothing_and_becomes_a_dead_letter_that_can_be_replayed() -> None:
    newer = replace(bundle(1, 2), header_list=((BUNDLE_HEADER, b"2"),))
    assert delay_handler(Produced()).hop_time(newer) == 0
    (dead,) = moved(newer)
    letter = read_dead_letter(dead.headers, dead.value)
    assert (letter.topic, letter.key, letter.value) == (newer.topic, newer.key, newer.value)
    assert letter.original_headers == newer.header_list


@pytest.mark.parametrize(
    "malformed",
    [
        record(b"{}"),
        record(b"{}", (DUE_HEADER, b"soon")),
        record(None, DUE),
        replace(record(b"{}", DUE), key=None),
        replace(record(b"{}", DUE), fault=FAULT),
        record(None, (BUNDLE_HEADER, VERSION)),
    ],
    ids=["no due time", "no number", "no value", "no key", "fault", "bundle without a value"],
)
def test_a_malformed_record_waits_for_nothing_and_becomes_a_dead_letter(malformed: Record) -> None:
    waiting = replace(malformed, topic=TOPICS.retry["3h"].name)
    assert delay_handler(Produced()).hop_time(waiting) == 0
    assert [each.topic for each in moved(waiting)] == [TOPICS.dead_letters.name]
