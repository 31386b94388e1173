"""Which names users may choose, and which ids are derived."""

import itertools
from collections.abc import Callable
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.identifiers import (
    NAMESPACE,
    event_id_of_decision,
    event_id_of_run,
    is_identifier,
    replay_id,
    run_id_of_event,
    run_id_of_replay,
)

# No control characters: check_event refuses them in ids and sources.
_NAMES = st.text(st.characters(codec="utf-8", min_codepoint=0x20, exclude_characters="\x7f"), max_size=20)


@pytest.mark.parametrize("name", ["a", "0", "acme", "acme.eu-1_x", "a" * 63])
def test_an_identifier_is_lower_case_and_short(name: str) -> None:
    assert is_identifier(name)


@pytest.mark.parametrize(
    "name", ["", "A", "-a", ".a", "_a", "a/b", "a b", "a" * 64, "ä", "a\n", "a\x1fb", "٣", "a\x00"]
)
def test_what_could_break_a_key_or_a_path_is_no_identifier(name: str) -> None:
    assert not is_identifier(name)


def test_a_run_id_is_the_same_in_every_process_and_version() -> None:
    assert run_id_of_event("acme", "billing", "e1", "to-chat") == "24ec9971-37f8-5582-ab53-c5f128384649"
    assert event_id_of_run("r1", "integration.run.completed") == "49285003-fc31-5199-ae79-50f1a8e180b2"
    assert event_id_of_decision("acme", "to-chat", "integration.enabled", 1) == "4388169e-7873-536d-a25e-b27cc316d598"


@given(_NAMES, _NAMES)
def test_a_derived_id_is_a_uuid_of_version_5(run_id: str, event_type: str) -> None:
    assert event_id_of_run(run_id, event_type) == str(uuid5(NAMESPACE, "\x1f".join(("outcome", run_id, event_type))))


@given(st.lists(st.tuples(_NAMES, _NAMES, _NAMES, _NAMES), min_size=2, max_size=5, unique=True))
def test_different_events_or_integrations_are_different_runs(parts: list[tuple[str, str, str, str]]) -> None:
    assert len({run_id_of_event(*each) for each in parts}) == len(parts)


@pytest.mark.parametrize("separator", ["/", ".", "|", ",", " ", ""])
def test_moving_a_separator_between_parts_makes_another_run(separator: str) -> None:
    ways = [
        ("o", f"a{separator}b", "c", "i"),
        ("o", "a", f"b{separator}c", "i"),
        ("o", f"a{separator}b{separator}c", "", "i"),
        ("o", "a", "b", f"{separator}ci"),
    ]
    assert len({run_id_of_event(*way) for way in ways}) == len(ways)


def test_a_request_to_replay_makes_one_run_of_another_and_other_requests_make_others() -> None:
    assert run_id_of_replay("run-1", "k") == run_id_of_replay("run-1", "k")
    assert len({run_id_of_replay(run, key) for run in ("run-1", "run-2") for key in ("k", "k2")}) == 4


def test_the_sorts_of_ids_never_meet() -> None:
    sorts: list[Callable[[], str]] = [
        lambda: run_id_of_event("a", "b", "c", "0"),
        lambda: event_id_of_decision("a", "b", "c", 0),
        lambda: event_id_of_run("a", "b"),
        lambda: run_id_of_replay("a", "b"),
        lambda: replay_id("a", "b"),
    ]
    for one, other in itertools.combinations(sorts, 2):
        assert one() != other()
