"""An integration that keeps failing is disabled, and comes back when somebody enables it."""

from typing import Any

from tests.flow.conftest import Case
from tests.flow.receiver import Reply
from tests.waiting import wait_for


def fail(case: Case, runs: int, ended_before: int = 0) -> int:
    """Send ``runs`` events that fail at once and wait for them; the number of ended runs now."""
    case.receiver.answer(case.path, Reply(500))
    for _ in range(runs):
        case.send()
    case.ended_runs(ended_before + runs)
    return ended_before + runs


def succeed(case: Case, ended_before: int) -> int:
    case.receiver.answer(case.path, Reply(200))
    case.send()
    case.ended_runs(ended_before + 1)
    return ended_before + 1


def disabled_errors(case: Case) -> list[dict[str, Any]]:
    return case.integration_events("integration.disabled.error")


def test_nineteen_failures_a_success_and_nineteen_failures_do_not_disable_but_the_twentieth_does(case: Case) -> None:
    case.set_up(delays=[])
    ended = fail(case, 19)
    ended = succeed(case, ended)
    ended = fail(case, 19, ended)
    # The disabler has folded all of them once it has folded the twentieth, which comes after them on its partition.
    assert disabled_errors(case) == []
    assert case.state()["enabled"] is True
    fail(case, 1, ended)
    case.wait_until_enabled(False)
    (error,) = wait_for(lambda: disabled_errors(case), "integration.disabled.error")
    assert "20" in error["message"]


def test_while_disabled_a_run_is_recorded_and_nothing_is_sent(case: Case) -> None:
    case.set_up(delays=[], disable={"failed_runs": 2})
    ended = fail(case, 2)
    case.wait_until_enabled(False)
    requests = len(case.requests())
    wait_for(lambda: send_and_see(case), "a run that ends DISABLED")
    disabled = [run for run in case.runs() if run["status"] == "DISABLED"]
    assert disabled
    sent_after = len(case.requests()) - requests
    assert sent_after == len(case.runs()) - ended - len(disabled)


def send_and_see(case: Case) -> bool:
    """Send one event and wait for its run; whether it ended DISABLED. Workers learn of the state within moments."""
    before = len([run for run in case.runs() if run.get("ended")])
    case.send()
    case.ended_runs(before + 1)
    return any(run["status"] == "DISABLED" for run in case.runs())


def test_an_enabled_integration_receives_again_and_starts_with_an_empty_streak(case: Case) -> None:
    case.set_up(delays=[], disable={"failed_runs": 3})
    fail(case, 3)
    case.wait_until_enabled(False)
    before = case.state()["epoch"]
    response = case.http.post(f"/v1/integrations/{case.name}/enable")
    assert response.status_code == 202, response.text
    case.wait_until_enabled(True)
    assert case.state()["epoch"] == before + 1
    case.receiver.answer(case.path, Reply(200))
    requests = len(case.requests())

    def received() -> bool:
        case.send()
        return len(case.requests()) > requests

    wait_for(received, "a request after enabling")
    wait_for(lambda: case.integration_events("integration.enabled"), "integration.enabled")
    case.receiver.answer(case.path, Reply(500))
    ended = len(wait_for(lambda: all(run.get("ended") for run in case.runs()) and case.runs(), "all ended") or [])
    fail(case, 2, ended)
    assert case.state()["enabled"] is True
    fail(case, 1, ended + 2)
    case.wait_until_enabled(False)
