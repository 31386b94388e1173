"""Presets over real HTTP, to receivers that judge as the products behind them do."""

from typing import Any

import pytest

from tests.flow.conftest import Case
from tests.flow.receiver import Received, Reply
from tests.unit.dispatcher.preset_receivers import JUDGES

CREDENTIALS: dict[str, dict[str, Any]] = {
    "pagerduty": {"header": "", "value": "R" * 32},
    "opsgenie": {"prefix": "GenieKey ", "value": "key"},
}


@pytest.mark.parametrize("preset", JUDGES)
def test_the_product_takes_what_is_sent_and_its_answer_is_a_success(case: Case, preset: str) -> None:
    judge = JUDGES[preset]

    def behaviour(same: list[Received]) -> Reply:
        status, body = judge(same[-1].headers, same[-1].body)
        return Reply(status, body=body)

    case.receiver.answer(case.path, behaviour)
    linked = [case.name] if preset in CREDENTIALS else []
    credential = {"kind": "api-key", "name": preset, "value": "unused", **CREDENTIALS.get(preset, {})}
    case.apply(
        {"kind": "credential", "id": case.name, "spec": credential},
        case.webhook(credentials=linked),
        case.rule(),
        case.integration([], preset=preset),
    )
    case.send({"message": "Bill b-7 is <overdue> & nobody cares."}, subject="bill/b-7")
    (run,) = case.ended_runs()
    assert run["status"] == "COMPLETED", case.integration_events()
    assert len(case.requests()) == 1
