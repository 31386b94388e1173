"""What an attempt leads to: which records, on which topics, saying what."""

import orjson
import pytest

from services.dispatcher.core.classification import classify
from services.dispatcher.core.exchange import Answer, CannotSend, NetworkFailure, Request, Result
from services.dispatcher.core.retry_policy import GiveUp, RetryAt
from services.dispatcher.core.run_records import Attempted, Terms, records_of_attempt, records_of_skip
from services.dispatcher.delivery_records import read_request
from shared.core.messages.delivery import DUE_HEADER, AttemptSummary, DeliveryRequest
from shared.core.messages.integration_events import (
    DISABLE_REQUESTED,
    PERFORM_ERROR,
    RUN_COMPLETED,
    RUN_SKIPPED,
    IntegrationEvent,
    RunOutcome,
    RunStatus,
    StateRequest,
    decode_integration_event,
)
from shared.core.messages.run_log import AttemptRecord, SkipRecord, decode_run_log
from shared.core.records import OutRecord, Record
from shared.core.topics import delivery_key, integration_key, run_key, topics
from tests.unit.dispatcher import samples

TOPICS = topics("", 6)
BODY = b'{"id":"e1"}'
TERMS = Terms(epoch=3, failure_limit=20, minimum_failing_ms=60_000)
TIME = "2030-01-31T12:00:00.000Z"
OK = Answer(200, (("Set-Cookie", "s3cret"), ("x", "y")), b"thanks", False)
BUSY = Answer(503, (), b"", False)
GONE = Answer(410, (), b"", False)


def attempted(result: Result, following: RetryAt | GiveUp = GiveUp(), *, built: bool = True) -> Attempted:  # noqa: B008
    sent = Request("https://example.com/hooks", [("authorization", "s3cret"), ("a", "b")], BODY, 15.0)
    return Attempted(sent if built else None, result, classify(result), following, (), 10_000, 10_250)


def records(
    result: Result,
    following: RetryAt | GiveUp = GiveUp(),  # noqa: B008
    *,
    request: DeliveryRequest | None = None,
    built: bool = True,
) -> dict[str, list[OutRecord]]:
    """By topic."""
    led_to = records_of_attempt(
        request or samples.request(), BODY, attempted(result, following, built=built), TERMS, TOPICS, TIME
    )
    out = led_to.with_tier(BODY, TOPICS)
    by_topic: dict[str, list[OutRecord]] = {}
    for each in out:
        by_topic.setdefault(each.topic, []).append(each)
    return by_topic


def log_of(by_topic: dict[str, list[OutRecord]]) -> AttemptRecord:
    (record,) = by_topic[TOPICS.run_log.name]
    assert record.key == run_key("acme", "run-1")
    decoded = decode_run_log(record.value or b"")
    assert isinstance(decoded, AttemptRecord)
    return decoded


def events_of(by_topic: dict[str, list[OutRecord]]) -> list[IntegrationEvent]:
    out = by_topic[TOPICS.integration_events.name]
    assert {record.key for record in out} == {integration_key("acme", "bills-to-chat")}
    return [decode_integration_event(record.value or b"") for record in out]


def outcome(event: IntegrationEvent) -> RunOutcome:
    assert isinstance(event.data, RunOutcome)
    return event.data


def request_in(record: OutRecord) -> DeliveryRequest:
    return read_request(Record(record.topic, 0, 0, record.key, record.value, tuple(record.headers), 0))


def test_a_success_ends_the_run_completed() -> None:
    by_topic = records(OK)
    assert by_topic.keys() == {TOPICS.run_log.name, TOPICS.integration_events.name}
    (event,) = events_of(by_topic)
    assert event.type == RUN_COMPLETED
    ended = outcome(event)
    assert (ended.status, ended.error, ended.message) == (RunStatus.COMPLETED, None, "Delivered at attempt 1.")
    assert (ended.epoch, ended.failure_limit, ended.ended_ms, ended.step) == (3, 20, 10_250, 1)
    assert [(each.number, each.code, each.http_status, each.duration_ms) for each in ended.attempts] == [
        (1, "http.200", 200, 250)
    ]


@pytest.mark.parametrize(
    ("wait_ms", "topic"),
    [
        (0, TOPICS.deliveries_due),
        (-5, TOPICS.deliveries_due),
        (1, TOPICS.retry["1s"]),
        (2_000, TOPICS.retry["1s"]),
        (4_000, TOPICS.retry["4s"]),
        (8_000, TOPICS.retry["4s"]),
        (60_000, TOPICS.retry["1m"]),
        (3_600_000, TOPICS.retry["30m"]),
        (7 * 24 * 3_600_000, TOPICS.retry["3h"]),
    ],
)
def test_a_retry_goes_to_the_longest_tier_that_fits(wait_ms: int, topic: object) -> None:
    by_topic = records(BUSY, RetryAt(10_250 + wait_ms))
    assert by_topic.keys() == {TOPICS.run_log.name, topic.name}  # type: ignore[attr-defined]


def test_a_waiting_run_carries_what_was_done_and_nothing_has_ended() -> None:
    earlier = AttemptSummary(number=1, started_ms=1, duration_ms=2, code="read.timeout")
    before = samples.request(attempts=(earlier,), step=1, first_sent_ms=1, epoch=2)
    by_topic = records(BUSY, RetryAt(14_250), request=before)
    (record,) = by_topic[TOPICS.retry["4s"].name]
    assert (record.key, record.value) == (delivery_key("acme", "bills-to-chat", 0), BODY)
    assert dict(record.headers)[DUE_HEADER] == b"14250"
    after = request_in(record)
    assert (after.step, after.next_attempt, after.first_sent_ms) == (2, 3, 1)
    assert after.attempts[0] == earlier
    assert (after.attempts[1].number, after.attempts[1].code) == (2, "http.503")
    assert after.model_copy(update={"step": 1, "attempts": (earlier,), "epoch": 2, "waited_ms": 0}) == before
    assert log_of(by_topic).retry_due_ms == 14_250


def test_the_first_attempt_fixes_epoch_and_first_time() -> None:
    (record,) = records(BUSY, RetryAt(11_250))[TOPICS.retry["1s"].name]
    assert (request_in(record).epoch, request_in(record).first_sent_ms) == (3, 10_000)


def test_the_last_failure_ends_the_run_with_cause_and_remedy() -> None:
    (event,) = events_of(records(NetworkFailure("connect.refused")))
    assert event.type == PERFORM_ERROR
    ended = outcome(event)
    assert ended.status is RunStatus.FAILED
    assert ended.error is not None
    assert ended.error.code == ended.attempts[0].code == "connect.refused"
    assert ended.error.cause in ended.message
    assert ended.error.remedy in ended.message
    assert "(attempt 1, the last)" in ended.message


def test_gone_also_asks_to_disable_and_says_for_which_run() -> None:
    ended, asked = events_of(records(GONE))
    assert outcome(ended).status is RunStatus.FAILED
    assert asked.type == DISABLE_REQUESTED
    assert isinstance(asked.data, StateRequest)
    assert (asked.data.integration_id, asked.data.requested_by) == ("bills-to-chat", "run run-1")
    assert "410" in asked.data.reason


def test_what_could_not_be_built_has_no_exchange() -> None:
    by_topic = records(CannotSend("credential.missing"), built=False)
    assert log_of(by_topic).exchange is None
    assert outcome(events_of(by_topic)[0]).status is RunStatus.AUTH_FAILED


def test_doing_it_again_makes_the_same_event_and_another_type_another_one() -> None:
    (once,), (again,) = events_of(records(OK)), events_of(records(OK))
    assert once.id == again.id
    assert once.id != events_of(records(BUSY))[0].id


def test_the_run_log_holds_the_whole_exchange_with_secrets_redacted() -> None:
    record = log_of(records(OK))
    assert (record.succeeded, record.number, record.step, record.duration_ms) == (True, 1, 0, 250)
    exchange = record.exchange
    assert exchange is not None
    assert exchange.response is not None
    assert (exchange.request.method, exchange.request.url) == ("POST", "https://example.com/hooks")
    assert exchange.request.body.text == BODY.decode()
    assert (exchange.response.status, exchange.response.body.text) == (200, "thanks")
    assert ("a", "b") in exchange.request.headers
    assert b"s3cret" not in record.encode()


@pytest.mark.parametrize("status", [RunStatus.DISABLED, RunStatus.CANCELLED])
def test_a_skipped_run_ends_at_once_and_keeps_its_whole_request(status: RunStatus) -> None:
    out = records_of_skip(samples.request(), BODY, status, "The reason.", 5_000, TERMS, TOPICS, TIME)
    assert [record.topic for record in out] == [TOPICS.run_log.name, TOPICS.integration_events.name]
    skip = decode_run_log(out[0].value or b"")
    assert isinstance(skip, SkipRecord)
    assert (skip.status, skip.reason, skip.body.text) == (status, "The reason.", BODY.decode())
    event = decode_integration_event(out[1].value or b"")
    assert event.type == RUN_SKIPPED
    ended = outcome(event)
    assert (ended.status, ended.attempts, ended.step, ended.epoch) == (status, (), 1, 3)


@pytest.mark.parametrize("result", [OK, BUSY, GONE, NetworkFailure("dns.failed"), CannotSend("request.invalid")])
def test_every_record_names_its_organization_and_run_in_headers(result: Result) -> None:
    for out in records(result).values():
        for record in out:
            headers = dict(record.headers)
            assert headers["organization"] == b"acme"
            if headers.get("type") != DISABLE_REQUESTED.encode():
                assert headers["run-id"] == b"run-1"
            assert record.topic == TOPICS.deliveries.name or orjson.loads(record.value or b"null")
