"""Two disablers on one topic: partitions change hands with their counts."""

from collections.abc import Callable

import pytest

from shared.core.messages.integration_events import IntegrationDisabled
from tests.component.disabler.processes import DisablerProcess, Fleet
from tests.unit.disabler.outcomes import outcome

INTEGRATIONS = [f"integration-{number}" for number in range(24)]


def send(fleet: Fleet, rounds: range) -> None:
    """One failed run of every integration a round."""
    fleet.send(outcome(f"{name}-{number}", integration_id=name) for number in rounds for name in INTEGRATIONS)


def stop(process: DisablerProcess) -> None:
    assert process.stop() == 0


@pytest.mark.parametrize("leave", [DisablerProcess.kill, stop], ids=["killed", "stopped"])
def test_one_of_two_disablers_leaves_and_the_counts_stay_exact(
    fleet: Fleet, leave: Callable[[DisablerProcess], None]
) -> None:
    with fleet.start() as staying, fleet.start() as leaving:
        staying.wait_ready()
        leaving.wait_ready()
        send(fleet, range(8))
        fleet.wait_handled()
        send(fleet, range(8, 16))
        leave(leaving)
        send(fleet, range(16, 19))
        fleet.wait_handled()
        assert fleet.states() == {}
        with fleet.start() as joining:
            send(fleet, range(19, 20))
            joining.wait_ready()
            fleet.wait_handled()
        for name in INTEGRATIONS:
            said = fleet.announced(name)
            assert len({event.id for event in said}) == 1
            assert isinstance(said[0].data, IntegrationDisabled)
            assert said[0].data.failed_runs == tuple(f"{name}-{number}" for number in range(20))
        assert not any(state.enabled for state in fleet.states().values())


def test_a_backlog_after_a_recovery_is_counted_without_a_hole_while_seek_and_fetch_race(fleet: Fleet) -> None:
    def send_rounds(rounds: range) -> None:
        fleet.send(outcome(f"{name}-{n}", integration_id=name, limit=1_000) for n in rounds for name in INTEGRATIONS)

    send_rounds(range(5))
    with fleet.start() as process:
        fleet.wait_handled()
        assert process.stop() == 0
    send_rounds(range(5, 100))
    with fleet.start_slow_to_seek() as process:
        fleet.wait_handled()
        assert process.stop() == 0
    for name in INTEGRATIONS:
        streak = fleet.streak(name)
        assert streak is not None
        assert streak.failed_runs == tuple(f"{name}-{number}" for number in range(100))
