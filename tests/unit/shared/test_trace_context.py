"""Reading trace context after the W3C recommendation, and deriving ids for our own steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.trace_context import (
    begun_for,
    context_of_event,
    context_of_record,
    read_context,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{SPAN}-01"


def test_a_context_says_what_it_was_read_from() -> None:
    context = read_context(PARENT, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")
    assert context is not None
    assert (context.trace_id, context.span_id, context.sampled) == (TRACE, SPAN, True)
    assert context.headers() == [("traceparent", PARENT), ("tracestate", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE")]
    assert context.record_headers()[0] == ("traceparent", PARENT.encode())


@pytest.mark.parametrize(
    "bad",
    [
        None,
        "",
        "00",
        PARENT.upper(),
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE[:-1]}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f"\u0660\u0660-{TRACE}-{SPAN}-01",
    ],
)
def test_what_is_no_context_is_as_if_it_were_not_there(bad: str | None) -> None:
    assert read_context(bad) is None


def test_a_later_version_is_read_as_far_as_this_one_is_known_and_unknown_flags_end_here() -> None:
    context = read_context(f"01-{TRACE}-{SPAN}-ff-what-comes-later")
    assert context is not None
    assert context.traceparent == PARENT


@pytest.mark.parametrize("state", ["", "x" * 513, "a=\x01", "a=é"])
def test_a_state_that_cannot_be_carried_is_dropped_and_the_context_kept(state: str) -> None:
    context = read_context(PARENT, state)
    assert context is not None
    assert context.headers() == [("traceparent", PARENT)]


def test_an_unsampled_trace_stays_unsampled() -> None:
    context = read_context(f"00-{TRACE}-{SPAN}-00")
    assert context is not None
    assert not context.child("match").sampled


def test_a_record_s_headers_come_before_the_attributes_of_its_event() -> None:
    other = f"00-{'1' * 32}-{SPAN}-01"
    event = {"traceparent": other, "tracestate": "a=1"}
    context = context_of_record({"traceparent": PARENT.encode()}, event)
    assert context is not None
    assert (context.traceparent, context.state) == (PARENT, None)
    context = context_of_record({}, event)
    assert context is not None
    assert (context.traceparent, context.state) == (other, "a=1")
    assert context_of_record({}, {}) is None
    assert context_of_event({"traceparent": 7}) is None


@given(st.lists(st.text(), min_size=1, max_size=3), st.lists(st.text(), min_size=1, max_size=3))
def test_a_step_has_one_span_whoever_derives_it_and_other_steps_have_others(one: list[str], other: list[str]) -> None:
    parent = read_context(PARENT)
    assert parent is not None
    child = parent.child(*one)
    assert child == parent.child(*one)
    assert read_context(child.traceparent) is not None
    assert (child.trace_id, child.parent_id) == (TRACE, SPAN)
    if "\x00".join(one) != "\x00".join(other):
        assert child.span_id != parent.child(*other).span_id


def test_a_share_of_untraced_events_begins_a_trace_and_everybody_chooses_the_same() -> None:
    begun = [begun_for("acme", "billing", f"e{number}", 0.1) for number in range(2_000)]
    assert 150 < sum(each is not None for each in begun) < 250
    assert begun == [begun_for("acme", "billing", f"e{number}", 0.1) for number in range(2_000)]
    assert all(read_context(each.traceparent) is not None for each in begun if each)
    assert begun_for("acme", "billing", "e1", 0.0) is None
    assert begun_for("acme", "billing", "e1", 1.0) is not None
