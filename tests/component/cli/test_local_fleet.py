"""The local fleet: one process can be crashed and started again without the others noticing."""

from __future__ import annotations

import os
import signal

import pytest

from deploy.local.fleet import Fleet, FleetFailed, FleetPlan, Part, Service
from tests.waiting import wait_for


def test_a_killed_process_comes_back_on_its_port(fleet: Fleet) -> None:
    port = fleet.port(Service.DISPATCHER)
    fleet.kill("dispatcher", 0)
    assert fleet.gauge(Service.DISPATCHER, 0, "hookfleet_requests_in_flight") is None
    fleet.start_one("dispatcher")
    assert fleet.port(Service.DISPATCHER) == port
    assert fleet.gauge(Service.DISPATCHER, 0, "hookfleet_requests_in_flight") == 0.0


def test_a_process_that_ends_by_itself_is_reported_once_and_one_that_we_stop_is_not(fleet: Fleet) -> None:
    os.kill(fleet.pid(Service.DISABLER), signal.SIGKILL)
    [(part, last_words)] = wait_for(fleet.ended, "the end of a disabler", 10.0) or []
    assert part == Part(Service.DISABLER, 0)
    assert "disabler-0.log" in last_words
    fleet.start_one("disabler")
    fleet.stop_one("disabler")
    assert fleet.ended() == []
    fleet.start_services()


def test_a_process_that_cannot_start_says_why_and_leaves_nothing_running(fleet: Fleet) -> None:
    plan = FleetPlan(topic_prefix="t.", extra={"HOOKFLEET_LOG_LEVEL": "LOUD"}, partitions=2)
    env = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": fleet.settings.kafka_bootstrap_servers}
    broken = Fleet(fleet.folder / "broken", plan, env=env)
    with pytest.raises(FleetFailed, match=r"(?s)ended with exit code 2 while starting.*HOOKFLEET_LOG_LEVEL"):
        broken.start()
    assert broken.ended() == []
