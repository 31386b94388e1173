"""What a receiver writes down of a request."""

from __future__ import annotations

import pytest

from bench.receiver.core.arrivals import RECORD_BYTES, Arrival, number_in, pack, unpack

_RUN = "6f1b2f0e-6d0e-5b57-9c3c-1f4a0d9e7a11"


def test_what_is_packed_is_unpacked_in_order() -> None:
    records = pack(1_700_000_000_123_456_789, 7, 99, _RUN.encode()) + pack(2, number_in(b"{}"), 0, b"")
    assert list(unpack(records)) == [Arrival(1_700_000_000_123_456_789, 7, 99, _RUN), Arrival(2, None, 0, "")]


def test_a_record_that_is_not_whole_yet_is_left_out() -> None:
    records = pack(1, 1, 1, b"a") + pack(2, 2, 2, b"b")
    assert [each.number for each in unpack(records[:-1])] == [1]
    assert list(unpack(records[: RECORD_BYTES - 1])) == []


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (b'{"number":12}', 12),
        (b'{"id":"a","data":{"filler":"x","number" : 0}}', 0),
        (b'{"numbers":12}', -1),
        (b'{"number":"12"}', -1),
        (b"", -1),
    ],
)
def test_the_first_number_of_a_body_is_found(body: bytes, number: int) -> None:
    assert number_in(body) == number
