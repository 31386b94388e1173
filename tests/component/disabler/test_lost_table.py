"""A disabler whose table is gone, with its changelog: what was announced is not taken back."""

from shared.core.messages.integration_events import SeenState
from tests.component.disabler.processes import Fleet
from tests.unit.disabler.outcomes import disable_request, enable_request, outcome


def test_enabling_after_the_table_was_lost_goes_on_from_the_epoch_that_was_announced(fleet: Fleet) -> None:
    fleet.send([disable_request(), enable_request(), disable_request()])
    with fleet.start() as process:
        fleet.wait_handled()
        assert process.stop() == 0
    disabled = fleet.states()["bills"]
    assert (disabled.enabled, disabled.epoch) == (False, 1)
    fleet.lose_table()

    seen = SeenState(enabled=disabled.enabled, epoch=disabled.epoch)
    fleet.send([enable_request(seen=seen), *(outcome(f"old-{number}", epoch=1) for number in range(20))])
    with fleet.start() as process:
        fleet.wait_handled()
        assert process.stop() == 0
    enabled = fleet.states()["bills"]
    assert (enabled.enabled, enabled.epoch) == (True, 2)
