"""Which faults are drawn."""

from __future__ import annotations

import random
from collections import Counter

from deploy.local.fault_injection.fault_plan import ROUND_SECONDS, Action, draw_faults, rolling_restarts
from deploy.local.fleet import FleetPlan, Service

PLAN = FleetPlan(ingest=2, dispatcher=3, disabler=2, session_timeout_ms=6_000)


def test_a_seed_gives_the_same_faults_again_and_another_one_others() -> None:
    assert draw_faults(random.Random(1), PLAN, 2) == draw_faults(random.Random(1), PLAN, 2)
    assert draw_faults(random.Random(1), PLAN, 2) != draw_faults(random.Random(2), PLAN, 2)


def test_every_round_kills_every_service_crashes_the_broker_and_removes_a_worker() -> None:
    for seed in range(20):
        faults = draw_faults(random.Random(seed), PLAN, 3)
        for number in range(3):
            begin = number * ROUND_SECONDS
            done = Counter(
                (fault.action, fault.part and fault.part.service)
                for fault in faults
                if begin <= fault.at < begin + ROUND_SECONDS
            )
            assert {action for action, _ in done} == set(Action) - {Action.REPLACE}
            killed = {service for action, service in done if action is Action.KILL}
            assert killed == set(Service) - {Service.GATEWAY}


def test_faults_stand_in_the_order_of_time_and_some_absences_outlast_the_session_timeout() -> None:
    faults = draw_faults(random.Random(3), PLAN, 10)
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)
    assert any(fault.absent_seconds > PLAN.session_timeout_ms / 1000 for fault in faults)
    assert all(fault.part is None or fault.part in PLAN.parts() for fault in faults)


def test_a_rolling_restart_replaces_every_process_once_a_round_readers_before_writers() -> None:
    faults = rolling_restarts(PLAN, 2)
    assert {fault.action for fault in faults} == {Action.REPLACE}
    turn = [str(fault.part) for fault in faults[: len(faults) // 2]]
    assert turn == [
        "event_recorder-0",
        "disabler-0",
        "disabler-1",
        "dispatcher-0",
        "dispatcher-1",
        "dispatcher-2",
        "ingest-0",
        "ingest-1",
    ]
    assert turn == [str(fault.part) for fault in faults[len(faults) // 2 :]]
