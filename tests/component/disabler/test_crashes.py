"""A disabler killed at one instruction, and one that takes over: nothing lost, nothing said twice with another id."""

import signal

import pytest

from shared.core.messages.integration_events import IntegrationDisabled, IntegrationEvent
from shared.core.messages.state import IntegrationState
from tests.component.disabler.crashing_disabler import CRASH_AT_COUNT
from tests.component.disabler.processes import Fleet
from tests.unit.disabler.outcomes import enable_request, outcome

RUNS = [f"run-{number}" for number in range(20)]


def exactly_one_decision(fleet: Fleet, epoch: int) -> IntegrationDisabled:
    """The disable of an epoch, after checking that every repeat of it is the same event."""
    said = [event for event in fleet.announced("bills") if event.data.epoch == epoch]  # type: ignore[union-attr]
    disabled = [event for event in said if isinstance(event.data, IntegrationDisabled)]
    assert disabled, f"the disable of epoch {epoch} was lost: {fleet.streak('bills')}"
    assert {event.encode() for event in disabled} == {disabled[0].encode()}
    assert isinstance(disabled[0].data, IntegrationDisabled)
    return disabled[0].data


def failures(runs: list[str], epoch: int = 0) -> list[IntegrationEvent]:
    return [outcome(run, epoch=epoch) for run in runs]


def state_of(fleet: Fleet) -> tuple[bool, int]:
    state: IntegrationState = fleet.states()["bills"]
    return state.enabled, state.epoch


@pytest.mark.parametrize("point", ["before-write", "after-write"])
def test_a_kill_around_the_table_write_loses_no_disable_and_makes_no_second_one(fleet: Fleet, point: str) -> None:
    fleet.send(failures(RUNS))
    with fleet.start_crashing(point) as dying:
        assert dying.wait_ended() == -signal.SIGKILL
    written = fleet.streak("bills")
    assert (written is not None and not written.enabled) is (point == "after-write")
    assert not fleet.handled()

    with fleet.start() as process:
        fleet.wait_handled()
        assert exactly_one_decision(fleet, 0).failed_runs == tuple(RUNS)
        assert state_of(fleet) == (False, 0)

        later = [f"later-{number}" for number in range(20)]
        fleet.send([enable_request(), *failures(later[:19], epoch=1)])
        fleet.wait_handled()
        assert state_of(fleet) == (True, 1)
        fleet.send(failures(later[19:], epoch=1))
        fleet.wait_handled()
        assert exactly_one_decision(fleet, 1).failed_runs == tuple(later)
        assert process.stop() == 0


@pytest.mark.parametrize("point", ["count-before-write", "count-after-write"])
def test_a_kill_in_the_middle_of_a_streak_leaves_the_count_exact(fleet: Fleet, point: str) -> None:
    fleet.send(failures(RUNS[:CRASH_AT_COUNT]))
    with fleet.start_crashing(point) as dying:
        assert dying.wait_ended() == -signal.SIGKILL

    with fleet.start():
        fleet.send(failures(RUNS[CRASH_AT_COUNT:19]))
        fleet.wait_handled()
        assert fleet.announced("bills") == []
        fleet.send(failures(RUNS[19:]))
        fleet.wait_handled()
        assert exactly_one_decision(fleet, 0).failed_runs == tuple(RUNS)


def test_a_kill_around_an_enable_leaves_one_new_epoch(fleet: Fleet) -> None:
    fleet.send(failures(RUNS))
    with fleet.start() as process:
        fleet.wait_handled()
        assert process.stop() == 0
    fleet.send([enable_request()])
    for point in ("before-write", "after-write"):
        with fleet.start_crashing(point) as dying:
            assert dying.wait_ended() == -signal.SIGKILL
    with fleet.start():
        fleet.wait_handled()
    assert state_of(fleet) == (True, 1)


def test_a_write_that_the_brokers_refuse_ends_the_process_with_status_1_and_nothing_acknowledged(
    fleet: Fleet,
) -> None:
    fleet.send(failures(RUNS))
    with fleet.start_crashing("refused") as failing:
        assert failing.wait_ended(30) == 1
    assert not fleet.handled()
    with fleet.start():
        fleet.wait_handled()
    assert exactly_one_decision(fleet, 0).failed_runs == tuple(RUNS)
