"""Which runs one event leads to."""

from typing import Any

from services.dispatcher.conditions import evaluator
from services.dispatcher.core.configuration import Configuration
from services.dispatcher.core.matching import Match, NoAnswer, match
from shared.core.cloud_events import CloudEvent
from shared.core.identifiers import run_id_of_event
from tests.unit.dispatcher import samples


def matched(configuration: Configuration, event: CloudEvent, answer: bool | NoAnswer | None = None) -> Match:
    """With ``answer`` every condition gives it; without, conditions are evaluated."""
    evaluate = evaluator(event) if answer is None else lambda _: answer
    return match(event, configuration, evaluate, config_offset=7, accepted_ms=100, now_ms=110)


def linked(**changes: Any) -> Configuration:
    return samples.configured(rule=samples.rule(**changes), hook=samples.webhook(), link=samples.integration())


def test_one_request_says_everything_that_sending_needs_to_know() -> None:
    event = samples.event(subject="bill-7", time="2030-01-31T12:00:00Z")
    (request,) = matched(linked(), event).requests
    assert request.run_id == request.webhook_id == run_id_of_event("acme", "billing", "e1", "link")
    assert (request.organization, request.integration_id, request.rule_id) == ("acme", "link", "rule")
    assert (request.config_offset, request.accepted_ms, request.created_ms) == (7, 100, 110)
    assert (request.event.source, request.event.id, request.event.type) == ("billing", "e1", "billing.bill.created")
    assert (request.event.subject, request.event.time) == ("bill-7", "2030-01-31T12:00:00Z")
    assert (request.step, request.attempts, request.epoch) == (0, (), None)


def test_matching_again_plans_the_same_runs_whenever_that_is() -> None:
    configuration, event = linked(), samples.event()
    first = match(event, configuration, evaluator(event), config_offset=1, accepted_ms=1, now_ms=1)
    later = match(event, configuration, evaluator(event), config_offset=9, accepted_ms=1, now_ms=99)
    assert [each.run_id for each in first.requests] == [each.run_id for each in later.requests]


def test_each_integration_of_each_firing_rule_is_one_run() -> None:
    configuration = samples.configured(
        one=samples.rule("billing.*"),
        two=samples.rule("billing.bill.created"),
        hook=samples.webhook(),
        other=samples.webhook(),
        a=samples.integration("one", "hook"),
        b=samples.integration("one", "other"),
        c=samples.integration("two", "hook"),
    )
    result = matched(configuration, samples.event())
    assert [(run.rule_id, run.integration_id, run.webhook_id) for run in result.record.runs] == [
        ("one", "a", "hook"),
        ("one", "b", "other"),
        ("two", "c", "hook"),
    ]
    assert len({request.run_id for request in result.requests}) == 3


def test_an_event_that_matches_nothing_is_recorded_all_the_same() -> None:
    result = matched(linked(), samples.event("shipping.sent"))
    assert result.requests == ()
    assert (result.record.runs, result.record.unevaluable, result.record.event.id) == ((), (), "e1")


def test_an_inactive_rule_does_not_fire() -> None:
    assert matched(linked(active=False), samples.event()).requests == ()


def test_an_inactive_or_missing_webhook_is_not_posted_to() -> None:
    inactive = samples.configured(rule=samples.rule(), hook=samples.webhook(active=False), link=samples.integration())
    missing = samples.configured(rule=samples.rule(), link=samples.integration())
    assert matched(inactive, samples.event()).requests == matched(missing, samples.event()).requests == ()


def test_another_organizations_event_does_not_fire() -> None:
    assert matched(linked(event_type="*"), samples.event(organization="other")).requests == ()


def test_a_rule_fires_when_its_condition_is_true_and_only_then() -> None:
    configuration = linked(condition="data.amount > 10")
    assert len(matched(configuration, samples.event(data={"amount": 10.5})).requests) == 1
    assert matched(configuration, samples.event(data={"amount": 10})).requests == ()


def test_a_condition_without_an_answer_does_not_fire_and_is_reported_with_the_reason() -> None:
    result = matched(linked(condition="data.amount > 10"), samples.event(data={}))
    assert result.requests == ()
    (reported,) = result.record.unevaluable
    assert reported.rule_id == "rule"
    assert "amount" in reported.reason


def test_one_rule_without_an_answer_does_not_keep_others_from_firing() -> None:
    configuration = samples.configured(
        broken=samples.rule(condition="data.missing == 1"),
        rule=samples.rule(condition="data.amount == 1"),
        hook=samples.webhook(),
        link=samples.integration(),
        never=samples.integration("broken"),
    )
    result = matched(configuration, samples.event(data={"amount": 1}))
    assert [request.integration_id for request in result.requests] == ["link"]
    assert [each.rule_id for each in result.record.unevaluable] == ["broken"]


def test_a_condition_that_no_longer_compiles_is_reported_and_stops_nothing() -> None:
    (reported,) = matched(linked(condition="nobody == 1"), samples.event()).record.unevaluable
    assert "does not compile" in reported.reason


def test_a_rule_without_a_condition_asks_nobody() -> None:
    assert len(matched(linked(), samples.event(), answer=False).requests) == 1
