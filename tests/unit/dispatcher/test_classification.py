"""What a result means, for every answer and every failure there can be."""

import pytest

from services.dispatcher.core.classification import LOCAL_FAILURES, NETWORK_FAILURES, Failed, Succeeded, classify
from services.dispatcher.core.exchange import Answer, CannotSend, NetworkFailure
from shared.core.messages.integration_events import (
    AUTHENTICATION_ERROR,
    PERFORM_ERROR,
    VALIDATION_ERROR,
    CodeOrigin,
    RunStatus,
)


def answered(status: int) -> Succeeded | Failed:
    return classify(Answer(status, (), b"", False))


def failed(verdict: Succeeded | Failed) -> Failed:
    assert isinstance(verdict, Failed)
    return verdict


@pytest.mark.parametrize("status", range(200, 300))
def test_every_2xx_is_a_success(status: int) -> None:
    assert answered(status) == Succeeded()


@pytest.mark.parametrize("status", [100, 199, *range(300, 600), 999])
def test_every_other_answer_is_a_failure_with_the_receivers_code_cause_and_remedy(status: int) -> None:
    verdict = failed(answered(status))
    assert verdict.error.code == f"http.{status}"
    assert verdict.error.origin is CodeOrigin.RECEIVER
    assert str(status) in verdict.error.cause
    assert verdict.error.remedy.endswith(".")


@pytest.mark.parametrize(
    ("status", "event_type", "run_status"),
    [
        (400, VALIDATION_ERROR, RunStatus.FAILED),
        (422, VALIDATION_ERROR, RunStatus.FAILED),
        (401, AUTHENTICATION_ERROR, RunStatus.AUTH_FAILED),
        (403, AUTHENTICATION_ERROR, RunStatus.AUTH_FAILED),
        (407, AUTHENTICATION_ERROR, RunStatus.AUTH_FAILED),
        (302, PERFORM_ERROR, RunStatus.FAILED),
        (404, PERFORM_ERROR, RunStatus.FAILED),
        (410, PERFORM_ERROR, RunStatus.FAILED),
        (429, PERFORM_ERROR, RunStatus.FAILED),
        (500, PERFORM_ERROR, RunStatus.FAILED),
        (503, PERFORM_ERROR, RunStatus.FAILED),
    ],
)
def test_the_status_decides_which_error_event_it_is(status: int, event_type: str, run_status: RunStatus) -> None:
    verdict = failed(answered(status))
    assert (verdict.event_type, verdict.status) == (event_type, run_status)


@pytest.mark.parametrize("status", [100, 199, *range(300, 600), 999])
def test_only_gone_is_final_among_the_answers(status: int) -> None:
    verdict = failed(answered(status))
    assert verdict.final is verdict.gone is (status == 410)


@pytest.mark.parametrize("code", NETWORK_FAILURES)
def test_every_network_failure_is_worth_repeating_and_explained(code: str) -> None:
    verdict = failed(classify(NetworkFailure(code)))
    assert (verdict.event_type, verdict.status, verdict.final) == (PERFORM_ERROR, RunStatus.FAILED, False)
    assert (verdict.error.code, verdict.error.origin) == (code, CodeOrigin.HOOKFLEET)


@pytest.mark.parametrize("code", LOCAL_FAILURES)
def test_what_fails_before_the_wire_is_final_and_explained(code: str) -> None:
    verdict = failed(classify(CannotSend(code)))
    assert verdict.final
    assert not verdict.gone
    expected = (
        (VALIDATION_ERROR, RunStatus.FAILED)
        if code == "request.invalid"
        else (AUTHENTICATION_ERROR, RunStatus.AUTH_FAILED)
    )
    assert (verdict.event_type, verdict.status) == expected


@pytest.mark.parametrize(("cause", "remedy"), [*NETWORK_FAILURES.values(), *LOCAL_FAILURES.values()])
def test_a_cause_completes_a_sentence_and_a_remedy_is_one(cause: str, remedy: str) -> None:
    assert cause[0].islower()
    assert not cause.endswith(".")
    assert remedy[0].isupper()
    assert remedy.endswith(".")
