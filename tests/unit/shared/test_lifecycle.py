"""When a process counts as started."""

import signal
from collections.abc import Iterator

import pytest

from shared.adapters.health import Health
from shared.adapters.lifecycle import Supervisor
from tests.waiting import wait_for


@pytest.fixture(autouse=True)
def _signal_handlers_of_the_test_run() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_process_is_not_ready_before_it_has_named_its_parts_and_heeds_sigterm() -> None:
    health = Health()
    supervisor = Supervisor(health, drain_seconds=5)
    assert health.readyz() == (503, {"status": "waiting", "waiting": {"process": "starting"}})

    def wait_and_stop() -> None:
        wait_for(lambda: health.readyz()[0] == 200, "it is ready")
        signal.raise_signal(signal.SIGTERM)
        supervisor.stop.wait()

    supervisor.spawn("stopping", wait_and_stop)
    assert supervisor.run() == 0
