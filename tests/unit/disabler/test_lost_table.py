"""What a request proves when the table has forgotten what was announced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.disabler.core.fold import fold
from services.disabler.core.streak import Decision, Disable, Enable, Streak
from shared.core.messages.integration_events import IntegrationEvent, RunStatus, SeenState
from tests.unit.disabler.outcomes import disable_request, enable_request, outcome


def play(*events: IntegrationEvent) -> tuple[Streak | None, list[Decision]]:
    """Fold events into an empty table."""
    streak: Streak | None = None
    said = []
    for offset, event in enumerate(events):
        streak, decision = fold(streak, event, offset, offset * 1000)
        if decision is not None:
            said.append(decision)
    return streak, said


@pytest.mark.parametrize("late", [[], [outcome("late", epoch=3)]], ids=["nothing-known", "known-as-enabled"])
def test_what_was_seen_disabled_is_enabled_in_the_next_epoch(late: list[IntegrationEvent]) -> None:
    """A run of the epoch that ends after the loss makes the table believe that the integration is enabled."""
    streak, said = play(*late, enable_request(seen=SeenState(enabled=False, epoch=3)))
    assert [(type(decision), decision.epoch) for decision in said] == [(Enable, 4)]
    assert streak is not None
    assert (streak.enabled, streak.epoch, streak.failed_runs) == (True, 4, ())


def test_what_was_seen_enabled_is_answered_in_its_own_epoch() -> None:
    seen = SeenState(enabled=True, epoch=3)
    for request, decided in (enable_request(seen=seen), Enable), (disable_request(seen=seen), Disable):
        _, said = play(request)
        assert [(type(decision), decision.epoch) for decision in said] == [(decided, 3)]


def test_what_was_seen_before_the_last_decision_changes_nothing() -> None:
    """Two impatient clicks: the second is made on what the first has overtaken."""
    click = enable_request(seen=SeenState(enabled=False, epoch=0))
    _, said = play(outcome("a", limit=1), click, click)
    assert [decision.epoch for decision in said] == [0, 1, 1]


STEPS = st.lists(st.sampled_from(["fails", "succeeds", "gone", "old", "enable", "disable", "lost"]), max_size=40)


@given(STEPS)
def test_no_epoch_that_is_announced_falls_and_every_enable_after_a_disable_raises_it(steps: list[str]) -> None:
    """The table may be lost at any time; senders and whoever asks know what was announced last. Runs of an older epoch
    end only while the table knows of a newer one: who has forgotten everything cannot tell that they are old."""
    streak: Streak | None = None
    state, seen = SeenState(enabled=True, epoch=0), None
    for offset, step in enumerate(steps):
        events = {
            "fails": [outcome(f"run-{offset}", epoch=state.epoch, limit=2)] * state.enabled,
            "succeeds": [outcome(f"run-{offset}", RunStatus.COMPLETED, epoch=state.epoch)] * state.enabled,
            "gone": [outcome(f"run-{offset}", epoch=state.epoch), disable_request()] * state.enabled,
            "old": [outcome(f"run-{offset}", epoch=max(0, state.epoch - 1), limit=2)] * (streak is not None),
            "enable": [enable_request(seen=seen)],
            "disable": [disable_request(seen=seen)],
            "lost": [],
        }[step]
        streak = None if step == "lost" else streak
        for number, event in enumerate(events):
            streak, decision = fold(streak, event, 2 * offset + number, offset * 1000)
            if decision is not None:
                raised = isinstance(decision, Enable) and not state.enabled
                assert decision.epoch >= state.epoch + raised
                state = seen = SeenState(enabled=isinstance(decision, Enable), epoch=decision.epoch)
