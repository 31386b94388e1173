"""Waits for an unavailable database double and stay bounded."""

from __future__ import annotations

from services.event_recorder.core.database_waits import wait_seconds


def test_waits_double_from_a_tenth_of_a_second_to_five_seconds() -> None:
    assert [wait_seconds(failures) for failures in range(1, 8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0]


def test_an_outage_of_any_length_waits_no_longer() -> None:
    assert wait_seconds(10_000) == 5.0
