"""The rules of the disable decision, one claim each."""

from dataclasses import replace

import pytest

from services.disabler.core.fold import fold
from services.disabler.core.streak import (
    SETTLED_KEPT,
    Decision,
    Disable,
    Enable,
    Streak,
    decode_streak,
    encode_streak,
)
from shared.core.faults import InvalidInput
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    ENABLED,
    IntegrationDisabled,
    IntegrationEnabled,
    IntegrationEvent,
    RunStatus,
)
from tests.unit.disabler.outcomes import INTEGRATION, ORGANIZATION, TIME, disable_request, enable_request, outcome

COUNTING = [RunStatus.FAILED, RunStatus.AUTH_FAILED, RunStatus.TIMED_OUT, RunStatus.COMPLETED_WITH_ERRORS]


def play(
    *events: IntegrationEvent, start: Streak | None = None, first: int = 0
) -> tuple[Streak | None, list[Decision]]:
    """Fold events at successive offsets, one second apart."""
    streak, said = start, []
    for offset, event in enumerate(events, first):
        streak, decision = fold(streak, event, offset, offset * 1000)
        if decision is not None:
            said.append(decision)
    return streak, said


def failures(count: int, *, epoch: int = 0, limit: int = 20, name: str = "run") -> list[IntegrationEvent]:
    return [outcome(f"{name}-{number}", epoch=epoch, limit=limit) for number in range(count)]


def known(streak: Streak | None) -> Streak:
    assert streak is not None
    return streak


@pytest.mark.parametrize("status", COUNTING)
def test_a_failed_run_counts_whatever_way_it_failed(status: RunStatus) -> None:
    streak, said = play(outcome("a", status), outcome("b", status, limit=2))
    assert [type(decision) for decision in said] == [Disable]
    assert not known(streak).enabled


def test_the_limit_disables_and_one_less_does_not() -> None:
    streak, said = play(*failures(19))
    assert said == []
    streak, decision = fold(streak, outcome("last"), 19, 19_000)
    assert isinstance(decision, Disable)
    assert decision.failed_runs == (*(f"run-{number}" for number in range(19)), "last")
    assert (decision.epoch, decision.since_ms, decision.offset) == (0, 19_000, 19)
    assert decision.reason == "20 successive failed runs"
    assert "The receiver answered 500." in decision.message


def test_a_limit_of_one_disables_on_the_first_failed_run() -> None:
    _, said = play(outcome("a", limit=1))
    assert [type(decision) for decision in said] == [Disable]


def test_a_limit_lowered_below_the_streak_disables_on_the_next_failed_run() -> None:
    _, said = play(*failures(10), outcome("next", limit=5))
    assert [len(decision.failed_runs) for decision in said if isinstance(decision, Disable)] == [11]


def test_the_limit_of_the_last_outcome_counts() -> None:
    _, said = play(*failures(4, limit=5), *failures(5, limit=10, name="more"))
    assert said == []


def test_a_success_resets_the_streak() -> None:
    streak, said = play(*failures(19), outcome("good", RunStatus.COMPLETED), *failures(19, name="after"))
    assert said == []
    assert known(streak).failed_runs == tuple(f"after-{number}" for number in range(19))
    assert known(streak).first_failed_ms == 20_000


@pytest.mark.parametrize("status", [RunStatus.DISABLED, RunStatus.CANCELLED])
def test_a_run_that_was_not_tried_neither_counts_nor_resets(status: RunStatus) -> None:
    before, _ = play(*failures(3))
    after, decision = fold(before, outcome("skipped", status, limit=4), 3, 3_000)
    assert after is before
    assert decision is None


def test_a_success_on_an_empty_streak_writes_nothing() -> None:
    assert fold(None, outcome("good", RunStatus.COMPLETED), 0, 0) == (None, None)
    empty, _ = play(outcome("bad"), outcome("good", RunStatus.COMPLETED))
    after, _ = fold(empty, outcome("better", RunStatus.COMPLETED), 2, 2_000)
    assert after is empty


def test_a_run_counts_once() -> None:
    before, _ = play(outcome("a", limit=2))
    after, decision = fold(before, outcome("a", limit=2), 1, 1_000)
    assert after is before
    assert decision is None


def test_a_run_that_failed_first_does_not_reset_with_a_second_outcome() -> None:
    before, _ = play(outcome("a"), outcome("b"))
    after, _ = fold(before, outcome("a", RunStatus.COMPLETED), 2, 2_000)
    assert after is before


def test_a_run_of_the_streak_before_neither_counts_nor_resets_again() -> None:
    before, _ = play(outcome("a"), outcome("good", RunStatus.COMPLETED), outcome("b"))
    for repeat in (
        outcome("a"),
        outcome("a", RunStatus.COMPLETED),
        outcome("good", RunStatus.COMPLETED),
        outcome("good"),
    ):
        assert fold(before, repeat, 3, 3_000) == (before, None)


def test_what_is_remembered_of_broken_streaks_is_bounded() -> None:
    events = [
        event
        for number in range(SETTLED_KEPT)
        for event in (outcome(f"bad-{number}"), outcome(f"good-{number}", RunStatus.COMPLETED))
    ]
    streak, _ = play(*events)
    assert len(known(streak).settled) == SETTLED_KEPT
    assert known(streak).settled[-1] == f"good-{SETTLED_KEPT - 1}"


def test_while_disabled_outcomes_change_nothing() -> None:
    disabled, _ = play(outcome("a", limit=1))
    for status in RunStatus.FAILED, RunStatus.COMPLETED, RunStatus.DISABLED:
        assert fold(disabled, outcome("b", status, limit=1), 1, 1_000) == (disabled, None)


def test_enabling_begins_the_next_epoch_with_an_empty_streak() -> None:
    streak, said = play(outcome("a", limit=1), enable_request())
    assert said[1] == Enable(offset=1, epoch=1, since_ms=1_000, requested_by="ada", reason="receiver corrected")
    assert (known(streak).enabled, known(streak).epoch, known(streak).failed_runs) == (True, 1, ())


def test_outcomes_of_an_older_epoch_are_ignored() -> None:
    enabled, _ = play(outcome("a", limit=1), enable_request(), outcome("b", epoch=1))
    for status in RunStatus.FAILED, RunStatus.COMPLETED:
        assert fold(enabled, outcome("old", status, epoch=0, limit=1), 3, 3_000) == (enabled, None)


def test_an_outcome_of_a_newer_epoch_is_believed() -> None:
    disabled, _ = play(outcome("a", limit=1))
    streak, said = play(outcome("b", epoch=4, limit=2), outcome("c", epoch=4, limit=2), start=disabled, first=1)
    assert [decision.epoch for decision in said] == [4]
    assert not known(streak).enabled


def test_enabling_what_is_enabled_answers_and_keeps_epoch_and_streak() -> None:
    before, _ = play(*failures(3))
    after, decision = fold(before, enable_request(), 3, 3_000)
    assert isinstance(decision, Enable)
    assert decision.epoch == 0
    assert known(after).failed_runs == known(before).failed_runs
    assert known(after).epoch == 0


def test_a_second_enable_is_answered_with_the_words_of_the_first() -> None:
    _, said = play(outcome("a", limit=1), enable_request(by="ada"), enable_request(by="bob"))
    assert said[2] == replace(said[1], offset=2)


def test_disabling_by_hand_keeps_the_reason_and_a_second_request_is_answered_with_the_first() -> None:
    streak, said = play(outcome("a"), disable_request(reason="moving"), disable_request(reason="again"))
    assert isinstance(said[0], Disable)
    assert (said[0].reason, said[0].failed_runs) == ("moving", ("a",))
    assert said[1] == replace(said[0], offset=2)
    assert not known(streak).enabled


def test_our_own_announcements_are_ignored() -> None:
    disabled = IntegrationDisabled(integration_id=INTEGRATION, epoch=0, since_ms=1, reason="r", message="m")
    enabled = IntegrationEnabled(integration_id=INTEGRATION, epoch=7, since_ms=1, requested_by="ada")
    before, _ = play(outcome("a"))
    for kind, data in ((DISABLED_ERROR, disabled), (ENABLED, enabled)):
        event = IntegrationEvent(id="x", source="/s", type=kind, organization=ORGANIZATION, time=TIME, data=data)
        assert fold(before, event, 1, 1_000) == (before, None)


def test_a_repeated_offset_announces_its_decision_again_and_changes_nothing() -> None:
    events = [*failures(2, limit=2), outcome("after")]
    streak, said = play(*events)
    assert fold(streak, events[1], 1, 1_000) == (streak, said[0])
    assert fold(streak, events[0], 0, 0) == (streak, None)


def test_an_earlier_decision_is_not_announced_after_a_later_one() -> None:
    events = [outcome("a", limit=1), enable_request()]
    streak, said = play(*events)
    assert fold(streak, events[0], 0, 0) == (streak, None)
    assert fold(streak, events[1], 1, 1_000) == (streak, said[1])


@pytest.mark.parametrize("status", sorted(set(RunStatus) - set(COUNTING) - {"COMPLETED", "DISABLED", "CANCELLED"}))
def test_a_status_that_ends_no_run_is_refused(status: RunStatus) -> None:
    with pytest.raises(InvalidInput, match=r"data\.status"):
        fold(None, outcome("a", status), 0, 0)


def test_a_limit_below_one_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"data\.failure_limit"):
        fold(None, outcome("a", limit=0), 0, 0)


def test_a_table_value_reads_back_as_it_was_written() -> None:
    steps = [*failures(2), outcome("good", RunStatus.COMPLETED), *failures(2, limit=2, name="b"), enable_request()]
    streak: Streak | None = None
    for offset, event in enumerate(steps):
        streak, _ = fold(streak, event, offset, offset * 1000)
        assert decode_streak(encode_streak(known(streak))) == streak


def test_a_table_value_with_fields_of_a_later_version_is_read() -> None:
    streak, _ = play(outcome("a", limit=1))
    raw = encode_streak(known(streak))
    assert decode_streak(b'{"minimum_failing_ms":5,' + raw[1:]) == streak


def test_a_streak_shorter_than_the_minimum_failing_time_does_not_disable() -> None:
    """Runs fail one second apart: three reach the limit, and only the sixth comes five seconds after the first."""
    failing = [outcome(f"run-{number}", limit=3, minimum_failing_ms=5_000) for number in range(6)]
    streak, said = play(*failing[:5])
    assert (known(streak).enabled, said) == (True, [])
    assert len(known(streak).failed_runs) == 3, "no more runs than the limit are remembered"
    streak, said = play(*failing)
    assert [(type(decision), decision.since_ms) for decision in said] == [(Disable, 5_000)]


def test_a_success_begins_the_minimum_failing_time_anew() -> None:
    before = [outcome(f"a-{number}", limit=3, minimum_failing_ms=5_000) for number in range(4)]
    after = [outcome(f"b-{number}", limit=3, minimum_failing_ms=5_000) for number in range(5)]
    streak, said = play(*before, outcome("fine", RunStatus.COMPLETED), *after)
    assert (known(streak).enabled, said) == (True, [])
