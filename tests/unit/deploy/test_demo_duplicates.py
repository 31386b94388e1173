"""Counting duplicates and bounding them: neither may hide a request that was sent once too often."""

from __future__ import annotations

from deploy.local.demo.core.duplicates import ARRIVAL_MS, UNCOMMITTED_MS, bound, duplicates
from deploy.local.demo.core.evidence import Kill
from deploy.local.receivers.core.received_request import ReceivedRequest
from tests.unit.deploy.demo_evidence import attempt, request

ASKED, GONE = 10_000, 10_010
KILL = Kill("dispatcher-0", in_flight=7, asked_ms=ASKED, gone_ms=GONE)


def received(received_ms: int, answered_ms: int) -> ReceivedRequest:
    return ReceivedRequest(received_ms, answered_ms, "run", "/hook", 200)


def test_a_retry_is_no_duplicate() -> None:
    requests = [request("a", "desk", status=503), request("a", "desk")]
    assert duplicates(requests, [attempt("a", "desk", 1), attempt("a", "desk", 2)]) == 0


def test_the_same_attempt_sent_twice_is_one_duplicate_however_often_it_was_recorded() -> None:
    requests = [request("a", "desk"), request("a", "desk")]
    assert duplicates(requests, [attempt("a", "desk")]) == 1
    assert duplicates(requests, [attempt("a", "desk"), attempt("a", "desk")]) == 1


def test_attempts_that_reached_nobody_do_not_pay_for_duplicates_of_other_runs() -> None:
    requests = [request("a", "desk"), request("a", "desk")]
    unreached = [attempt("b", "archive", number) for number in (1, 2, 3, 4)]
    assert duplicates(requests, [attempt("a", "desk"), *unreached]) == 1


def test_without_kills_no_duplicate_is_explained() -> None:
    assert bound([], [received(ASKED, ASKED)]).total == 0


def test_requests_under_way_at_the_kill_are_explained_by_the_gauge() -> None:
    assert bound([KILL], []).in_flight == KILL.in_flight
    assert bound([KILL, KILL], []).total == 2 * KILL.in_flight


def test_requests_begun_after_the_gauge_was_read_are_explained_until_they_can_no_longer_arrive() -> None:
    times = [ASKED, ASKED + 1, GONE + ARRIVAL_MS, GONE + ARRIVAL_MS + 1]
    assert bound([KILL], [received(at, at + 5_000) for at in times]).begun_since_asked == 2


def test_requests_answered_shortly_before_are_explained_and_earlier_ones_are_not() -> None:
    early = received(ASKED - 900, ASKED - UNCOMMITTED_MS - 1)
    uncommitted = received(ASKED - 900, ASKED - UNCOMMITTED_MS)
    while_killed = received(ASKED - 900, GONE)
    later = received(ASKED - 900, GONE + 1)
    assert bound([KILL], [early, uncommitted, while_killed, later]).uncommitted == 2


def test_no_request_is_counted_in_two_terms() -> None:
    both = received(ASKED + 1, ASKED + 2)
    assert bound([KILL], [both]).total == KILL.in_flight + 1
