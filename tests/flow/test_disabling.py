"""An integration that keeps failing is disabled, and comes back when somebody enables it."""

from typing import Any

from tests.flow.conftest import Case
from tests.flow.receiver import Reply
from tests.waiting import wait_for


def fail(case: Case, runs: int) -> None:
    """Send ``runs`` events that fail at once, and wait until they have."""
    case.receiver.answer(case.path, Reply(500))
    for _ in range(runs):
        case.send()
    case.ended_runs()


def succeed(case: Case) -> None:
    case.receiver.answer(case.path, Reply(200))
    case.send()
    case.ended_runs()


def disabled_errors(case: Case) -> list[dict[str, Any]]:
    return case.integration_events("integration.disabled.error")


def enable(case: Case) -> None:
    response = case.http.post(f"/v1/integrations/{case.name}/enable")
    assert response.status_code == 202, response.text
    case.wait_until_enabled(True)


def status_of_next_run(case: Case) -> str:
    """Send one event and wait for its run. Workers learn of a new state within moments, not at once."""
    event_id = case.send()
    (run,) = [run for run in case.ended_runs() if run["event"]["id"] == event_id]
    return str(run["status"])


def test_nineteen_failures_a_success_and_nineteen_failures_do_not_disable_but_the_twentieth_does(case: Case) -> None:
    case.set_up(delays=[])
    fail(case, 19)
    succeed(case)
    fail(case, 19)
    # Had the disabler counted the success as nothing, it would have disabled at the first failure after it, and the
    # runs that followed would have ended DISABLED.
    assert {run["status"] for run in case.runs()} == {"FAILED", "COMPLETED"}
    assert disabled_errors(case) == []
    fail(case, 1)
    case.wait_until_enabled(False)
    (error,) = wait_for(lambda: disabled_errors(case), "integration.disabled.error")
    assert "20" in error["message"]
    assert case.state()["epoch"] == 0


def test_while_disabled_a_trigger_is_recorded_with_its_request_and_nothing_is_sent(case: Case) -> None:
    case.set_up(delays=[], disable={"failed_runs": 2})
    fail(case, 2)
    case.wait_until_enabled(False)
    wait_for(lambda: status_of_next_run(case) == "DISABLED", "a run that ends DISABLED")
    requests = len(case.requests())
    assert status_of_next_run(case) == "DISABLED"
    assert len(case.requests()) == requests


def test_an_enabled_integration_receives_again_and_starts_with_an_empty_streak(case: Case) -> None:
    case.set_up(delays=[], disable={"failed_runs": 3})
    fail(case, 3)
    case.wait_until_enabled(False)
    enable(case)
    assert case.state()["epoch"] == 1
    case.receiver.answer(case.path, Reply(200))
    wait_for(lambda: status_of_next_run(case) == "COMPLETED", "a delivery after enabling")
    wait_for(lambda: case.integration_events("integration.enabled"), "integration.enabled")
    fail(case, 2)
    assert status_of_next_run(case) == "FAILED", "two failures in the new epoch must not disable at a limit of three"
    case.wait_until_enabled(False)


def test_an_integration_disabled_by_hand_stays_so_until_it_is_enabled(case: Case) -> None:
    case.set_up()
    response = case.http.post(f"/v1/integrations/{case.name}/disable", json={"reason": "maintenance"})
    assert response.status_code == 202, response.text
    case.wait_until_enabled(False)
    assert "maintenance" in case.state()["reason"]
    wait_for(lambda: status_of_next_run(case) == "DISABLED", "a run that ends DISABLED")
    enable(case)
    wait_for(lambda: status_of_next_run(case) == "COMPLETED", "a delivery after enabling")
