"""Cursors come back as they were given, and nothing else is taken for one."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.event_recorder.core.cursors import Position, decode_cursor
from services.event_recorder.core.rows import MAX_TIME_MS
from shared.core.faults import InvalidInput

ID = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(st.integers(0, MAX_TIME_MS), st.lists(ID, min_size=1, max_size=2))
def test_a_cursor_comes_back_as_it_was_given(time_ms: int, ids: list[str]) -> None:
    position = Position(time_ms, tuple(ids))
    cursor = position.encode()
    assert decode_cursor(cursor, len(ids)) == position
    assert cursor.isascii()
    assert not set(cursor) & set("+/=&? ")


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "!",
        "é",
        "a",
        encoded("not json"),
        encoded("[1]"),
        encoded("[1,2]"),
        encoded('["1","a"]'),
        encoded('[1,"a","b"]'),
        encoded('[1,"a\\u0000b"]'),
        encoded('[true,"a"]'),
        encoded('[-1,"a"]'),
        encoded('[99999999999999999,"a"]'),
        encoded('{"time_ms":1}'),
    ],
)
def test_what_we_did_not_give_is_refused_with_the_field(cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        decode_cursor(cursor, 1)
    assert [fault.field for fault in refused.value.faults] == ["cursor"]
