"""What a result means, for every answer and every failure there can be."""

import pytest

from services.dispatcher.core.classification import Failed, Succeeded, classify, sign_of
from services.dispatcher.core.exchange import Answer, CannotSend, NetworkFailure, Result
from services.dispatcher.core.failures import FAILURES
from services.dispatcher.core.window import Sign
from shared.core.messages.integration_events import (
    AUTHENTICATION_ERROR,
    PERFORM_ERROR,
    VALIDATION_ERROR,
    CodeOrigin,
    ErrorDetail,
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


@pytest.mark.parametrize("code", FAILURES)
@pytest.mark.parametrize("kind", [NetworkFailure, CannotSend])
def test_a_failure_of_ours_means_what_its_row_says(code: str, kind: type[NetworkFailure | CannotSend]) -> None:
    verdict, row = failed(classify(kind(code, "the detail"))), FAILURES[code]
    assert (verdict.event_type, verdict.status, verdict.final) == (row.event_type, row.status, row.final)
    assert verdict.error == ErrorDetail(
        code=code, origin=CodeOrigin.HOOKFLEET, cause=row.cause, remedy=row.remedy, detail="the detail"
    )
    assert not verdict.gone


@pytest.mark.parametrize("status", [200, 299, 302, 404, 409, 500])
def test_the_integrations_own_test_may_call_any_answer_a_success(status: int) -> None:
    assert classify(Answer(status, (), b"", False), success=True) == Succeeded()


@pytest.mark.parametrize("said", [False, "response.body.ok is false"])
def test_a_2xx_that_the_integrations_own_test_rejects_is_a_failure_worth_repeating(said: bool | str) -> None:
    verdict = failed(classify(Answer(200, (), b"", False), success=said))
    assert (verdict.error.code, verdict.error.origin, verdict.final) == ("success.false", CodeOrigin.HOOKFLEET, False)
    assert verdict.error.detail == (said or None)


def test_an_error_status_stays_the_receivers_own_code_whatever_a_test_says() -> None:
    verdict = failed(classify(Answer(422, (), b"", False), success="no success"))
    assert (verdict.error.code, verdict.event_type) == ("http.422", VALIDATION_ERROR)


@pytest.mark.parametrize(
    ("result", "sign"),
    [
        (Answer(200, (), b"", False), Sign.ANSWERED),
        (Answer(404, (), b"", False), Sign.ANSWERED),
        (Answer(503, (), b"", False), Sign.TROUBLED),
        (NetworkFailure("read.timeout"), Sign.TROUBLED),
        (CannotSend("address.refused"), Sign.NOT_ASKED),
        (CannotSend("token.unreachable"), Sign.NOT_ASKED),
    ],
)
def test_only_what_reached_for_the_receiver_says_something_about_its_strength(result: Result, sign: Sign) -> None:
    assert sign_of(result) is sign
