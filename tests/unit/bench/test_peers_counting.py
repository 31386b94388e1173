"""What the comparison counts at the receiver."""

from __future__ import annotations

import orjson
import pytest

from bench.peers.core.numbered_events import EVENT_BYTES, encoded, event
from bench.peers.core.tally import deliveries_per_second, tally
from bench.receiver.core.arrivals import Arrival, number_in
from shared.core.cloud_events import check_event


def arrival(number: int | None, time_ns: int = 1) -> Arrival:
    return Arrival(time_ns, number, 0, "")


def test_every_event_once_is_neither_lost_nor_duplicate() -> None:
    counted = tally(range(3), map(arrival, [2, 0, 1]))
    assert (counted.distinct, counted.lost, counted.duplicates, counted.strange) == (3, 0, 0, 0)


def test_an_event_that_never_came_is_lost_however_often_others_came() -> None:
    counted = tally(range(3), map(arrival, [0, 0, 1]))
    assert (counted.distinct, counted.lost, counted.duplicates) == (2, 1, 1)


def test_each_further_request_for_one_event_is_a_duplicate() -> None:
    assert tally(range(1), map(arrival, [0, 0, 0])).duplicates == 2


def test_a_number_that_was_not_sent_counts_as_strange_only() -> None:
    counted = tally(range(10, 12), map(arrival, [10, 11, 9, None]))
    assert (counted.distinct, counted.lost, counted.duplicates, counted.strange) == (2, 0, 0, 2)


def test_the_rate_runs_from_the_begin_to_the_last_arrival() -> None:
    counted = tally(range(4), [arrival(3, 5_000_000_000), arrival(0, 2_000_000_000), arrival(1, 3_000_000_000)])
    assert deliveries_per_second(counted, began_ns=1_000_000_000) == pytest.approx(3 / 4)


def test_nothing_delivered_is_no_rate() -> None:
    assert deliveries_per_second(tally(range(4), []), began_ns=1) == 0.0


@pytest.mark.parametrize("number", [0, 7, 123_456_789])
def test_an_event_has_its_size_and_is_known_by_its_number(number: int) -> None:
    body = encoded(number)
    assert len(body) == EVENT_BYTES
    assert number_in(body) == number


def test_the_events_are_valid_cloud_events_of_their_organization() -> None:
    document = event(5)
    assert check_event(document).encode() == orjson.dumps(document)
