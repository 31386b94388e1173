"""What an ordered integration may ask for, and under which keys its runs wait for each other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.core.faults import faults_of
from shared.core.identifiers import IDENTIFIER_PATTERN
from shared.core.resources import Integration, Ordering
from shared.core.topics import ordering_key

IDENTIFIERS = st.from_regex(IDENTIFIER_PATTERN, fullmatch=True)
PARTS = st.tuples(IDENTIFIERS, IDENTIFIERS, st.none() | st.text(min_size=1).filter(lambda text: text.isprintable()))


def integration(ordering: str, delays: list[float], **retry: Any) -> Integration:
    spec = {"name": "x", "rule": "r", "webhook": "w", "ordering": ordering}
    return Integration.model_validate({**spec, "retry": {"delays_seconds": delays, **retry}})


@given(PARTS, PARTS)
def test_two_runs_share_a_key_only_if_they_must_keep_order(one: Any, other: Any) -> None:
    assert (ordering_key(*one) == ordering_key(*other)) == (one == other)


@pytest.mark.parametrize("subject", ["b/c", "/", "c", "//"])
def test_a_slash_in_a_subject_makes_no_other_key(subject: str) -> None:
    others = [("a", "b", None), ("a", "b", f"{subject}/"), ("a", "b", f"/{subject}"), ("a", "c", subject)]
    assert ordering_key("a", "b", subject) not in [ordering_key(*other) for other in others]


@pytest.mark.parametrize("ordering", ["integration", "subject"])
def test_an_ordered_schedule_totals_ten_minutes_at_most_jitter_included(ordering: str) -> None:
    assert integration(ordering, [300.0, 300.0]).ordering is Ordering(ordering)
    assert integration(ordering, [300.0, 200.0], jitter=0.2).ordering is Ordering(ordering)
    for delays, retry in (([300.0, 300.1], {}), ([300.0, 300.0], {"jitter": 0.01})):
        with pytest.raises(ValidationError) as refused:
            integration(ordering, delays, **retry)
        (fault,) = faults_of(refused.value)
        assert fault.field == "ordering"
        assert "600 s at most" in fault.message
        assert "retry.delays_seconds" in fault.message


def test_without_order_a_schedule_may_last_for_days() -> None:
    assert integration("none", [86_400.0, 86_400.0]).ordering is Ordering.NONE


def test_of_a_schedule_that_is_faulty_itself_only_that_is_said() -> None:
    with pytest.raises(ValidationError) as refused:
        integration("subject", [-1.0])
    assert [fault.field for fault in faults_of(refused.value)] == ["retry.delays_seconds[0]"]
