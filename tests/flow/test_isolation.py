"""No receiver hurts another, and what an integration sets holds: at the receiver, over several workers."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from deploy.local.fleet.plan import Service
from tests.flow.conftest import Case
from tests.flow.receiver import Received, Reply
from tests.waiting import wait_for

#: Seconds between the beginning of a request and its arrival, at most: workers and receiver share two cores here.
JITTER_SECONDS = 0.5


@pytest.fixture
def other(case: Case) -> Case:
    """Another corner of the same organization."""
    return Case(case.fleet, case.receiver, case.http)


def send_many(case: Case, count: int) -> None:
    events = [case.event({"number": number}) for number in range(count)]
    for start in range(0, count, 100):
        response = case.http.post(
            "/v1/events",
            json=events[start : start + 100],
            headers={"content-type": "application/cloudevents-batch+json"},
        )
        assert response.status_code in (200, 202), response.text
    case.sent += count


def most_at_once(requests: Sequence[Received], seconds: float) -> int:
    """How many were under way together, each for ``seconds``."""
    return max(sum(one.at - seconds < each.at <= one.at for each in requests) for one in requests)


def delivered(case: Case) -> int:
    return len({request.webhook_id for request in case.requests()})


def test_more_hanging_requests_than_there_are_slots_keep_nobody_else_waiting(case: Case, other: Case) -> None:
    case.set_up(delays=[], timeout_seconds=20)
    other.set_up()
    case.receiver.answer(case.path, Reply(after_seconds=15))
    send_many(case, 1_500)
    wait_for(case.requests, "the first hanging request")
    for _ in range(20):
        other.send()
    wait_for(lambda: delivered(other) == 20, "the others are delivered", timeout_seconds=10)
    assert len(case.requests()) <= 10, "an unknown receiver gets ten requests until it answers"
    case.receiver.answer(case.path, Reply(410))


def test_concurrency_is_kept_at_the_receiver_and_everything_is_delivered(case: Case) -> None:
    case.set_up(concurrency=2)
    case.receiver.answer(case.path, Reply(after_seconds=0.1))
    send_many(case, 40)
    wait_for(lambda: delivered(case) == 40, "all are delivered")
    assert most_at_once(case.requests(), 0.1) <= 2


def test_a_rate_limit_holds_over_a_rebalance_and_fails_no_run(case: Case) -> None:
    rate, burst, count = 20, 5, 400
    case.set_up(rate_limit={"per_second": rate, "burst": burst})
    send_many(case, count)
    wait_for(lambda: delivered(case) >= count // 4, "a quarter is delivered")
    for index in (0, 1):
        case.fleet.stop_one(Service.DISPATCHER, index)
        case.fleet.start_one(Service.DISPATCHER, index)
    wait_for(lambda: delivered(case) == count, "all are delivered", timeout_seconds=90)
    times = sorted(request.at for request in case.requests())
    for index, first in enumerate(times):
        for later, last in enumerate(times[index:], start=1):
            assert later <= rate * (last - first + JITTER_SECONDS) + burst
    assert {each["type"] for each in case.integration_events()} == {"integration.run.completed"}


def test_an_ordered_integration_keeps_its_rate_too(case: Case) -> None:
    case.set_up(ordering="integration", rate_limit={"per_second": 5, "burst": 1})
    for number in range(15):
        case.send({"number": number})
    wait_for(lambda: delivered(case) == 15, "all are delivered")
    times = [request.at for request in case.requests()]
    assert times[-1] - times[0] >= 14 / 5 - JITTER_SECONDS


def test_a_limit_where_it_cannot_hold_is_refused_with_the_reason(case: Case) -> None:
    case.set_up()
    document = case.integration(ordering="subject", concurrency=3)
    answer: httpx.Response = case.http.post("/v1/apply", json={"resources": [document]})
    assert answer.status_code == 422
    assert "concurrency needs all runs of the integration on one worker" in answer.text
