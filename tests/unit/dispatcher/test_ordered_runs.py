"""Ordered runs from match to retry: where they go, and what one attempt of them leads to."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import pytest

from services.dispatcher.core.matching import match
from services.dispatcher.core.run_records import LedTo, Retry
from services.dispatcher.core.window import Sign
from services.dispatcher.ordered_handler import Attempted, OrderedHandler
from services.dispatcher.send_handler import Worked
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.core.faults import InfrastructureError
from shared.core.messages.delivery import AttemptSummary, DeliveryRequest
from shared.core.ordered_metadata import Held, HeldAttempt
from shared.core.records import OutRecord, Record
from shared.core.resources import Ordering
from shared.core.topics import topics
from tests.unit.dispatcher import samples

TOPICS = topics("", 6)
NOW_MS = 1_795_000_000_000
DONE = OutRecord(TOPICS.run_log.name, b"k", b"done")


@pytest.mark.parametrize(
    ("ordering", "subject", "key"),
    [
        (Ordering.NONE, "bill-7", None),
        (Ordering.INTEGRATION, "bill-7", b"acme/link"),
        (Ordering.INTEGRATION, None, b"acme/link"),
        (Ordering.SUBJECT, "bill-7", b"acme/link/bill-7"),
        (Ordering.SUBJECT, None, None),
    ],
)
def test_the_integration_says_for_whom_a_run_waits(ordering: Ordering, subject: str | None, key: bytes | None) -> None:
    configuration = samples.configured(
        rule=samples.rule(), hook=samples.webhook(), link=samples.integration(ordering=ordering)
    )
    event = samples.event(**({} if subject is None else {"subject": subject}))
    matched = match(event, configuration, lambda _: True, config_offset=7, accepted_ms=1, now_ms=2)
    assert [run.order for run in matched.runs] == [key]


@dataclass
class Work:
    """The send stage's work, with an end that the test chooses."""

    led_to: LedTo | Exception
    seen: list[DeliveryRequest] = field(default_factory=list)

    async def __call__(self, request: DeliveryRequest, value: bytes) -> Worked:
        self.seen.append(request)
        if isinstance(self.led_to, Exception):
            raise self.led_to
        return Worked(self.led_to, Sign.ANSWERED)


def attempted(
    work: Work,
    *,
    ordering: Ordering = Ordering.SUBJECT,
    held: Held | None = None,
    finished: bool = False,
    **record: Any,
) -> Attempted:
    handler = OrderedHandler(
        work=work,
        configuration=samples.configured(**{"bills-to-chat": samples.integration(ordering=ordering)}),
        topics=TOPICS,
        dead_letters=DeadLetterBox(TOPICS.dead_letters.name, "dispatcher"),
    )
    headers = tuple(samples.request().headers())
    fields: dict[str, Any] = {"key": b"k", "value": b"{}", "header_list": headers, "timestamp_ms": 0, **record}
    return asyncio.run(handler(Record(TOPICS.deliveries_ordered.name, 0, 5, **fields), held, lambda _: finished))


def retry() -> Retry:
    failed = AttemptSummary(number=1, started_ms=NOW_MS, duration_ms=9, code="http.503", http_status=503)
    after = samples.request(attempts=(failed,), step=1, epoch=2, first_sent_ms=NOW_MS, waited_ms=2_009)
    return Retry(after, NOW_MS + 2_009, NOW_MS + 9)


def test_a_failed_run_is_held_and_leaves_the_topic_for_no_tier() -> None:
    done = attempted(Work(LedTo([DONE], retry())))
    assert done.records == [DONE]
    assert done.held == Held((HeldAttempt(NOW_MS, 9, "http.503"),), NOW_MS + 2_009, 2, 2_009)


def test_the_next_attempt_finds_the_run_as_the_one_before_left_it() -> None:
    work = Work(LedTo([DONE]))
    done = attempted(work, held=Held.of(samples.request(), retry().request, retry().due_ms))
    assert work.seen == [retry().request]
    assert (done.held, done.work) == (None, ("run-1", 0))


def test_when_order_is_no_longer_asked_for_a_failed_run_goes_on_in_the_tiers() -> None:
    done = attempted(Work(LedTo([DONE], retry())), ordering=Ordering.NONE)
    assert [each.topic for each in done.records] == [DONE.topic, TOPICS.retry["1s"].name]
    assert done.held is None


def test_a_repetition_of_finished_work_is_done_with_at_once() -> None:
    work = Work(LedTo([DONE]))
    assert attempted(work, finished=True) == Attempted([])
    assert work.seen == []


def test_a_record_that_is_no_delivery_request_becomes_a_dead_letter_and_ends() -> None:
    (letter,) = attempted(Work(LedTo([DONE])), header_list=()).records
    assert letter.topic == TOPICS.dead_letters.name


def test_what_our_own_code_raises_becomes_a_dead_letter_and_the_run_is_not_tried_again() -> None:
    done = attempted(Work(KeyError("ours")))
    assert [each.topic for each in done.records] == [TOPICS.dead_letters.name]
    assert (done.held, done.work) == (None, ("run-1", 0))


def test_a_failure_of_what_the_fleet_stands_on_goes_through() -> None:
    with pytest.raises(InfrastructureError):
        attempted(Work(InfrastructureError("the config table is behind")))
